"""Admin pages that need a fresh second factor (security.md A3): one more field on their own forms."""

from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _

from accounts.admin.base import PortalAdmin


class ProvenAdmin(PortalAdmin):
    """``proven_fields``: a change of one of them wants it; ``proven_deletion``: so does a deletion."""

    proven_fields: ClassVar[frozenset[str]] = frozenset()
    proven_deletion = False

    def proof(self, request: HttpRequest) -> Any:
        """The request's ``accounts.staff.proof.Proof``."""
        site: Any = self.admin_site
        return site.proof(request)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        base: Any = super().get_form(request, obj, change=change, **kwargs)
        proof, fields = self.proof(request), self.proven_fields

        class Proven(base):  # type: ignore[misc]  # made at run time
            def clean(self) -> Any:
                cleaned = super().clean()
                if not self.errors and fields & set(self.changed_data) and not proof.given():
                    self.add_error(None, _("Inget är sparat än. Visa att det är du, längst ner på sidan."))
                return cleaned

        return Proven

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        if self.proven_fields:
            context["proof"] = self.proof(request)
        return super().render_change_form(request, context, *args, **kwargs)

    def delete_view(self, request: Any, object_id: str, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if self.proven_deletion:
            proof = self.proof(request)
            extra_context = {**(extra_context or {}), "proof": proof}
            if request.method == "POST" and not proof.given():
                request.POST = QueryDict()  # so that the page asks once more
        return super().delete_view(request, object_id, extra_context)
