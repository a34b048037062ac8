"""The URLs of the start page and the statements, both journeys, staff sign-in and log-out."""

from django.urls import path

from accounts.passwords import views as reset
from accounts.phones import views as register
from accounts.sessions import browsers
from accounts.staff.views import passkeys
from accounts.staff.views import sessions as staff_sessions
from accounts.staff.views import sign_in as staff
from idportal.web.pages import page

urlpatterns = [
    path("", page, {"template": "start.html"}, name="start"),
    path("tillganglighet/", page, {"template": "pages/accessibility.html"}, name="accessibility"),
    path("personuppgifter/", page, {"template": "pages/privacy.html"}, name="privacy"),
    path("registrera/", register.login, name="register"),
    path("registrera/mobil/", register.phone, name="register-phone"),
    path("registrera/kod/", register.code, name="register-code"),
    path("registrera/kod/igen/", register.code_again, name="register-code-again"),
    path("registrera/klart/", register.done, name="register-done"),
    path("registrera/gamla-mobilen/", register.ask_old_number, name="register-old"),
    path("registrera/gamla-mobilen/kod/", register.old_code, name="register-old-code"),
    path("aterstall/", reset.start, name="reset"),
    path("aterstall/kod/", reset.code, name="reset-code"),
    path("aterstall/kod/igen/", reset.code_again, name="reset-code-again"),
    path("aterstall/losenord/", reset.password, name="reset-password"),
    path("aterstall/losenord/mer-tid/", reset.more_time, name="reset-more-time"),
    path("aterstall/klart/", reset.done, name="reset-done"),
    path("logga-in/", staff.login, name="staff-login"),
    path("logga-in/kod/", staff.code, name="staff-code"),
    path("logga-in/kod/igen/", staff.code_again, name="staff-code-again"),
    path("logga-in/passkey/", passkeys.options, name="staff-passkey"),
    path("logga-in/passkeys/", passkeys.own, name="staff-passkeys"),
    path("logga-in/koder/", staff.recovery_codes, name="staff-recovery-codes"),
    path("webblasare/", browsers.carried, name="browser"),
    path("logga-in/sessioner/", staff_sessions.own_sessions, name="staff-sessions"),
    path("stoppa/", register.stop, name="phone-link-stop"),
    path("logga-ut/", register.log_out, name="logout"),
    path("session/forlang/", register.extend, name="session-extend"),
]
