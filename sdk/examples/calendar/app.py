"""Tells everybody in the morning what is in the calendar today."""

from datetime import datetime, timezone

from puppet_sdk import agent, schedule
from puppet_sdk.generator import EventGenerator, NewEvent, Trigger


class Generator(EventGenerator):
    def generate(self, trigger: Trigger) -> list[NewEvent]:
        settings = agent.settings()
        if trigger.kind == "started":
            schedule.every("look", settings.get("interval_ms", 86_400_000))
            return []
        today = datetime.fromtimestamp(trigger.at / 1_000, timezone.utc).strftime("%Y%m%d")
        on_today = [summary for day, summary in entries(settings.get("ics", "")) if day == today]
        return [
            NewEvent("calendar.today", {"summary": summary}, targets=[character.id])
            for summary in on_today
            for character in trigger.agents
        ]


def entries(ics: str) -> list[tuple[str, str]]:
    """Day and summary of each entry. A line that begins with a blank goes on with the one before it (RFC 5545)."""
    lines: list[str] = []
    for line in ics.splitlines():
        if line[:1] in (" ", "\t") and lines:
            lines[-1] += line[1:]
        else:
            lines.append(line)
    found: list[tuple[str, str]] = []
    day = summary = ""
    for line in lines:
        name, _, value = line.partition(":")
        match name.partition(";")[0].upper():
            case "BEGIN" if value == "VEVENT":
                day = summary = ""
            case "DTSTART":
                day = value[:8]
            case "SUMMARY":
                summary = value.replace("\\,", ",").replace("\\;", ";").replace("\\n", " ")
            case "END" if value == "VEVENT" and day and summary:
                found.append((day, summary))
    return found
