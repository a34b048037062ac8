"""The orderer's pages and the agent's. The paths are the outside's to rely on (design.md)."""

from django.urls import path

from helpdesk.views import (
    agent_accounts,
    agent_call,
    agent_complete,
    agent_overview,
    agent_queue,
    agent_request,
    orderer_ask,
    orderer_requests,
    orderer_sign_in,
    orderer_staff,
    recipients,
)

ONE = "helpdesk/arenden/<str:number>/"
ACCOUNT = "helpdesk/konton/<uuid:account_id>/"

urlpatterns = [
    path("bestallare/logga-in/", orderer_sign_in.start, name="orderer-login"),
    path("bestallare/logga-in/skickat/", orderer_sign_in.sent, name="orderer-link-sent"),
    path("bestallare/logga-in/lank/", orderer_sign_in.link, name="orderer-link"),
    path("bestallare/logga-in/kod/", orderer_sign_in.code, name="orderer-code"),
    path("bestallare/logga-in/kod/igen/", orderer_sign_in.code_again, name="orderer-code-again"),
    path("bestallare/logga-ut/", orderer_sign_in.log_out, name="orderer-logout"),
    path("bestallare/foretag/", orderer_sign_in.company, name="orderer-company"),
    path("bestallare/", orderer_staff.staff, name="orderer-staff"),
    path("bestallare/uppdatera/", orderer_staff.refresh, name="orderer-staff-refresh"),
    path("bestallare/personal.csv", orderer_staff.export, name="orderer-staff-export"),
    path("bestallare/mobilnummer/", orderer_ask.phone, name="orderer-phone"),
    path("bestallare/mottagare/", orderer_ask.recipients, name="orderer-recipients"),
    path("bestallare/mottagare/bekrafta/", recipients.confirm, name="recipient-confirm"),
    path("bestallare/arenden/", orderer_requests.requests, name="orderer-requests"),
    path("bestallare/arenden/<str:number>/", orderer_requests.request, name="orderer-request"),
    path("bestallare/arenden/<str:number>/aterta/", orderer_requests.withdraw, name="orderer-withdraw"),
    path("helpdesk/", agent_queue.queue, name="helpdesk-queue"),
    path("helpdesk/nytt/", agent_call.new, name="helpdesk-new"),
    path(ONE, agent_request.show, name="helpdesk-request"),
    path(f"{ONE}uppgifter/", agent_complete.complete, name="helpdesk-complete"),
    path(f"{ONE}ta/", agent_request.take, name="helpdesk-take"),
    path(f"{ONE}lamna/", agent_request.give_back, name="helpdesk-give-back"),
    path(f"{ONE}notera/", agent_request.note, name="helpdesk-note"),
    path(f"{ONE}kod/", agent_request.send_code, name="helpdesk-send-code"),
    path(f"{ONE}kod/prova/", agent_request.enter_code, name="helpdesk-enter-code"),
    path(f"{ONE}ring/", agent_request.called_back, name="helpdesk-called-back"),
    path(f"{ONE}godkann/", agent_request.approve, name="helpdesk-approve"),
    path(f"{ONE}avsla/", agent_request.reject, name="helpdesk-reject"),
    path("helpdesk/konton/", agent_accounts.search, name="helpdesk-accounts"),
    path(ACCOUNT, agent_accounts.account, name="helpdesk-account"),
    path(f"{ACCOUNT}las-upp/", agent_accounts.unlock, name="helpdesk-unlock"),
    path(f"{ACCOUNT}nollstall/", agent_accounts.forget_tries, name="helpdesk-forget-tries"),
    path(f"{ACCOUNT}ta-bort-nummer/", agent_accounts.remove_number, name="helpdesk-remove-number"),
    path("helpdesk/oversikt/", agent_overview.overview, name="helpdesk-overview"),
    path("helpdesk/oversikt.csv", agent_overview.export, name="helpdesk-overview-export"),
]
