"""Where the two journeys are."""

from django.urls import path

from accounts.views import register, reset

urlpatterns = [
    path("registrera/", register.login, name="register"),
    path("registrera/mobil/", register.phone, name="register-phone"),
    path("registrera/kod/", register.code, name="register-code"),
    path("registrera/kod/igen/", register.code_again, name="register-code-again"),
    path("registrera/klart/", register.done, name="register-done"),
    path("aterstall/", reset.start, name="reset"),
    path("aterstall/kod/", reset.code, name="reset-code"),
    path("aterstall/kod/igen/", reset.code_again, name="reset-code-again"),
    path("aterstall/losenord/", reset.password, name="reset-password"),
    path("aterstall/klart/", reset.done, name="reset-done"),
    path("logga-ut/", register.log_out, name="logout"),
    path("session/forlang/", register.extend, name="session-extend"),
]
