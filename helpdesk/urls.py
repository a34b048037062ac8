"""The URLs of the orderer's and the agent's pages. Outsiders rely on the paths (design.md)."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from helpdesk.agent.views import accounts, call, correct, guide, queue, queue_actions, statistics, ticket
from helpdesk.orderer.views import ask, employees, sign_in, tickets


class TicketNumberConverter(StringConverter):
    """2026-00042. Other texts never reach the database: PostgreSQL refuses some of them."""

    regex = "[0-9]{4}-[0-9]{5,7}"


register_converter(TicketNumberConverter, "ticket")

TICKET = "helpdesk/arenden/<ticket:number>/"
ACCOUNT = "helpdesk/konton/<uuid:account_id>/"

urlpatterns = [
    path("bestallare/logga-in/", sign_in.start, name="orderer-login"),
    path("bestallare/logga-in/mejlkod/", sign_in.mailed_code, name="orderer-mailed-code"),
    path("bestallare/logga-in/lank/", sign_in.link, name="orderer-link"),
    path("bestallare/logga-in/kod/", sign_in.code, name="orderer-code"),
    path("bestallare/logga-in/kod/igen/", sign_in.code_again, name="orderer-code-again"),
    path("bestallare/logga-ut/", sign_in.log_out, name="orderer-logout"),
    path("bestallare/foretag/", sign_in.company, name="orderer-company"),
    path("bestallare/", employees.show, name="orderer-employees"),
    path("bestallare/uppdatera/", employees.refresh, name="orderer-employees-refresh"),
    path("bestallare/personal.csv", employees.export, name="orderer-employees-export"),
    path("bestallare/mobilnummer/", ask.phone, name="orderer-phone"),
    path("bestallare/mottagare/", ask.recipients, name="orderer-recipients"),
    path("bestallare/mottagare/bekrafta/", ask.confirm, name="recipient-confirm"),
    path("bestallare/arenden/", tickets.tickets, name="orderer-tickets"),
    path("bestallare/arenden/<ticket:number>/", tickets.ticket, name="orderer-ticket"),
    path("bestallare/arenden/<ticket:number>/svara/", tickets.answer, name="orderer-answer"),
    path("bestallare/arenden/<ticket:number>/aterta/", tickets.withdraw, name="orderer-withdraw"),
    path("bestallare/arenden/<ticket:number>/igen/", ask.again, name="orderer-again"),
    path("helpdesk/", queue.queue, name="helpdesk-queue"),
    path("helpdesk/nya/", queue.news, name="helpdesk-news"),
    path("helpdesk/lasta/", queue_actions.read, name="helpdesk-read"),
    path("helpdesk/filter/", queue_actions.save_filter, name="helpdesk-save-filter"),
    path("helpdesk/filter/<int:pk>/ta-bort/", queue_actions.remove_filter, name="helpdesk-remove-filter"),
    path("helpdesk/nasta/", queue_actions.onward, name="helpdesk-next"),
    path("helpdesk/nytt/", call.new, name="helpdesk-new"),
    path(TICKET, ticket.show, name="helpdesk-ticket"),
    path(f"{TICKET}uppgifter/", call.complete, name="helpdesk-complete"),
    path(f"{TICKET}ratta/", correct.correct, name="helpdesk-correct"),
    path(f"{TICKET}ta/", ticket.act, {"action": "take"}, name="helpdesk-take"),
    path(f"{TICKET}lamna/", ticket.act, {"action": "give back"}, name="helpdesk-give-back"),
    path(f"{TICKET}notera/", ticket.send, {"action": "note"}, name="helpdesk-note"),
    path(f"{TICKET}fraga/", ticket.send, {"action": "ask"}, name="helpdesk-ask"),
    path(f"{TICKET}kod/", ticket.act, {"action": "send code"}, name="helpdesk-send-code"),
    path(f"{TICKET}kod/prova/", ticket.send, {"action": "enter code"}, name="helpdesk-enter-code"),
    path(f"{TICKET}ring/", ticket.send, {"action": "called back"}, name="helpdesk-called-back"),
    path(f"{TICKET}godkann/", ticket.act, {"action": "approve"}, name="helpdesk-approve"),
    path(f"{TICKET}avsla/", ticket.send, {"action": "reject"}, name="helpdesk-reject"),
    path("helpdesk/konton/", accounts.search, name="helpdesk-accounts"),
    path(ACCOUNT, accounts.account, name="helpdesk-account"),
    path(f"{ACCOUNT}las-upp/", accounts.act, {"action": "unlock"}, name="helpdesk-unlock"),
    path(f"{ACCOUNT}nollstall/", accounts.act, {"action": "forget tries"}, name="helpdesk-forget-tries"),
    path(f"{ACCOUNT}ta-bort-nummer/", accounts.remove_number, name="helpdesk-remove-number"),
    path("helpdesk/oversikt/", statistics.overview, name="helpdesk-overview"),
    path("helpdesk/oversikt.csv", statistics.export, name="helpdesk-overview-export"),
    path("helpdesk/hjalp/", guide.show, name="helpdesk-help"),
]
