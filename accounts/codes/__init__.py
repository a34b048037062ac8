"""Codes by SMS: asked for in a request, made and sent in a task, checked in a request (security.md K1 to K5)."""

from accounts.codes.challenges import ask, ask_again, check, deliver, end_challenges, failures, resend_in, text, used_up

__all__ = ["ask", "ask_again", "check", "deliver", "end_challenges", "failures", "resend_in", "text", "used_up"]
