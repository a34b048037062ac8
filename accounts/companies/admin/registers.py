"""The base of the admin pages of companies and orderers: history, import, export, and protection from lost updates."""

import base64
import zlib
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.sessions.backends.base import SessionBase
from django.core.files.uploadhandler import MemoryFileUploadHandler, SkipFile
from django.db import IntegrityError, transaction
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from simple_history.admin import SimpleHistoryAdmin
from simple_history.template_utils import HistoricalRecordContextHelper

from accounts import audit, limits
from accounts.admin.base import actor, address, is_key
from accounts.admin.proven import ProvenAdmin
from accounts.companies.files import sheets
from accounts.companies.files.loading import Loaded, Register, load
from accounts.companies.forms import ImportFileForm
from accounts.models import Event, numbers
from accounts.privacy.encryption import seal, unseal

KEPT = 30 * 60  # seconds: time to read the changes
MOST = 10_000  # records of a file, which a web process shows within seconds; the commands take more


class HistoryWords(HistoricalRecordContextHelper):
    def __init__(self, model: type[Model], historical_record: Any) -> None:
        super().__init__(model, historical_record, max_displayed_delta_change_chars=1000)

    def prepare_delta_change_value(self, change: Any, value: Any) -> Any:
        if change.field == "mobile":
            return numbers.shown(value)
        prepared = super().prepare_delta_change_value(change, value)
        if isinstance(prepared, list):
            return ", ".join(sorted(str(each) for each in prepared)) or "–"
        if isinstance(prepared, bool):
            return _("ja") if prepared else _("nej")
        return prepared or "–"


class RegisterAdmin(SimpleHistoryAdmin, ProvenAdmin):
    """A register of the portal. Its verbs make the changes, with history and audit event."""

    register: ClassVar[type[Register]]
    model: type[Model]
    change_list_template = "admin/register_list.html"
    object_history_template = "admin/register_history.html"
    object_history_list_template = "admin/register_history_list.html"

    def get_urls(self) -> list[Any]:
        views = {"import": self.import_action, "process_import": self.process_import, "export": self.export_action}
        own = [
            path(f"{page}/", self.admin_site.admin_view(view), name=self._name(page)) for page, view in views.items()
        ]
        return own + list(super().get_urls())  # type: ignore[no-untyped-call]

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except IntegrityError:
            # Another administrator took a name between check and write. The form, checked again, says whose it is.
            again: Any = request
            again.POST = request.POST.copy()
            again.POST["raced"] = "1"
            return super().changeform_view(again, *args, **kwargs)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Nothing: the verb stores it with the rest."""

    # Who changed what.

    history_list_per_page = 25

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        if not is_key(object_id):
            raise Http404
        shown: HttpResponse = super().history_view(request, object_id, extra_context)  # type: ignore[no-untyped-call]
        return shown

    def set_history_delta_changes(self, request: HttpRequest, historical_records: Any, *args: Any) -> None:
        """Adds the first record of the next page, from which the last one of this page changed."""
        page, records = historical_records, list(historical_records)
        if page.has_next():
            records.append(page.paginator.object_list[page.end_index()])
        super().set_history_delta_changes(request, records, *args)

    def history_form_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """Shows the history instead: there is no way back to an earlier state but a new change."""
        return redirect(f"admin:{self._name('history')}", object_id)

    def get_historical_record_context_helper(self, request: HttpRequest, historical_record: Any) -> HistoryWords:
        return HistoryWords(self.model, historical_record)

    # Import: the page, the changes, the click that makes them.

    def import_action(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            return self._import_page(request, ImportFileForm())
        form = ImportFileForm(request.POST, request.FILES)
        if getattr(request, "upload_too_large", False):
            words = _("Filen är större än %(megabytes)d MB. Dela upp den i flera.")
            form.errors["file"] = form.error_class([words % {"megabytes": limits.LARGEST_FILE // 2**20}])
        if not form.is_valid():
            return self._import_page(request, form)
        data = form.cleaned_data["file"].read()
        return self._shown(request, data, load(self.register, data, actor=actor(request), dry_run=True, most=MOST))

    def process_import(self, request: HttpRequest) -> HttpResponse:
        data = kept(request.session, self.register)
        plan = request.POST.get("plan", "")
        if data is None or not plan:
            messages.error(request, _("Filen finns inte kvar här. Välj den igen, så får du se vad som ändras."))
            return redirect(f"admin:{self._name('import')}")
        if self.proven_fields and not self.proof(request).given():
            return self._shown(request, data, load(self.register, data, actor=actor(request), dry_run=True, most=MOST))
        loaded = load(self.register, data, actor=actor(request), address=address(request), dry_run=False, plan=plan)
        if loaded.problems or loaded.stale:
            return self._shown(request, data, loaded)
        keep(request.session, self.register, None)
        words = _("Importen är klar. Nya: %(new)d. Ändrade: %(changed)d. Oförändrade: %(unchanged)d.")
        counts = {"new": loaded.new, "changed": loaded.changed, "unchanged": loaded.unchanged}
        messages.success(request, words % counts)
        return redirect(f"admin:{self._name('changelist')}")

    def _shown(self, request: HttpRequest, data: bytes, loaded: Loaded) -> HttpResponse:
        keep(request.session, self.register, data if loaded.changes else None)
        return self._import_page(request, ImportFileForm(), loaded)

    def _import_page(self, request: HttpRequest, form: ImportFileForm, loaded: Loaded | None = None) -> HttpResponse:
        title = _("Importera %s") % self.opts.verbose_name_plural
        context = {"title": title, "form": form, "columns": self.register.columns, "loaded": loaded}
        if self.proven_fields:
            context["proof"] = self.proof(request)
        return self._page(request, "import", context)

    def _page(self, request: HttpRequest, name: str, context: dict[str, object]) -> HttpResponse:
        shared = {**self.admin_site.each_context(request), "opts": self.opts}
        return TemplateResponse(request, f"admin/register_{name}.html", {**shared, **context})

    # Export.

    def export_action(self, request: HttpRequest) -> HttpResponse:
        """A page about the file; after a click, the file."""
        try:
            chosen = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            messages.error(request, _("Det filtret finns inte. Välj i listan vilka som ska komma med."))
            return redirect(f"admin:{self._name('changelist')}")
        if request.method == "POST":
            return self._file(request, chosen)
        context = {
            "title": _("Exportera %s") % self.opts.verbose_name_plural,
            "columns": (*self.register.columns, *self.register.optional),
            "count": chosen.count(),
            "all": self.model._default_manager.count(),
        }
        return self._page(request, "export", context)

    def _file(self, request: HttpRequest, chosen: Any) -> HttpResponse:
        with transaction.atomic():
            register = self.register()
            lines = [line for each in chosen for line in register.lines(each)]
            result = f"{self.opts.model_name}, {len(lines)} rows"
            audit.record(Event.REGISTER_EXPORTED, actor=actor(request), result=result, address=address(request))
        data = sheets.write((*register.columns, *register.optional), iter(lines))
        response = HttpResponse(data, content_type="text/csv; charset=utf-8")
        kind = capfirst(str(self.opts.verbose_name_plural)).translate(str.maketrans("åäöÅÄÖ", "aaoAAO"))
        response.headers["Content-Disposition"] = f'attachment; filename="{kind}-{timezone.localdate()}.csv"'
        return response

    def _name(self, page: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{page}"


def keep(session: SessionBase, register: type[Register], data: bytes | None) -> None:
    """Keeps an administrator's file, in place of an earlier one, from its changes' page to the click that loads it.

    The file has people's numbers and addresses, and any web process may answer the second request. So it is encrypted
    in a session row of its own, which lives for KEPT; only the administrator's session has its key. Not in the cache:
    without Redis each process has its own, and Redis writes plain text to disk. Not in a hidden field: forms stay below
    256 kB.
    """
    if key := session.pop(f"file_{register.__name__}", None):
        session.delete(key)
    if data is not None:
        row = type(session)()
        row["file"] = seal(base64.b64encode(zlib.compress(data)).decode(), register.__name__)
        row.set_expiry(KEPT)
        row.create()
        session[f"file_{register.__name__}"] = row.session_key


def kept(session: SessionBase, register: type[Register]) -> bytes | None:
    """The file, or None if it is gone."""
    found = type(session)(session.get(f"file_{register.__name__}")).get("file")
    return zlib.decompress(base64.b64decode(unseal(found, register.__name__))) if found else None


class ForAdministrators(MemoryFileUploadHandler):
    """Reads a file into memory for an administrator with a second factor, on the admin's pages, up to LARGEST_FILE.

    The only handler. It drops all other uploads piece by piece, so that a large file fills neither disk nor memory. It
    runs before the CSRF check, which reads the form around the file.
    """

    def handle_raw_input(self, *args: Any, **kwargs: Any) -> None:
        request: Any = self.request
        user: Any = getattr(request, "user", None)
        inside = user is not None and request.path_info.startswith(reverse("admin:index"))
        self.activated = inside and user.is_authenticated and user.is_active and user.is_staff and user.is_verified()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        if self.activated and start + len(raw_data) > limits.LARGEST_FILE:
            self.activated = False
            self.request.upload_too_large = True  # type: ignore[union-attr]  # for the import's page
            raise SkipFile
        return super().receive_data_chunk(raw_data, start)
