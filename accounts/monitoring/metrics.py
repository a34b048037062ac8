"""Figures for a monitor: registered numbers, events of the last hour, SMS, companies."""

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.db.models import Count
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric

from accounts.models import AuditEvent, Company, Phone, SmsDay

RECENT = timedelta(hours=1)


def figures() -> Iterator[Metric]:
    events = GaugeMetricFamily("idportal_events_last_hour", "Audit events of the last hour.", labels=["event"])
    recent = AuditEvent.objects.filter(at__gt=timezone.now() - RECENT).order_by()
    for event, count in recent.values_list("event").annotate(Count("pk")):
        events.add_metric([event], count)
    yield events
    yield GaugeMetricFamily("idportal_sms_today", "Codes sent by SMS since midnight.", SmsDay.today())
    yield GaugeMetricFamily("idportal_sms_daily_limit", "SMS_DAILY_LIMIT.", settings.SMS_DAILY_LIMIT)
    yield GaugeMetricFamily("idportal_registered_numbers", "Accounts with a mobile number.", Phone.objects.count())
    companies = GaugeMetricFamily("idportal_companies", "Active companies.", labels=["recipients"])
    active = Company.objects.filter(active=True)
    without = active.without_recipients().count()
    companies.add_metric(["none"], without)
    companies.add_metric(["one or two"], active.count() - without)
    yield companies
