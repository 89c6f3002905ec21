"""Sings of the weather each morning, and when somebody asks."""

from typing import Any, Optional, TypedDict

from puppet_sdk import CallError, Declined, Event, Personality
from puppet_sdk import agent, http, llm, log, schedule, state, tweet

FRESH_MS = 3_600_000
"""The weather of an hour ago is still the weather."""
AGAIN_MS = 1_800_000
"""When the forecast did not answer in the morning."""
ROOM = 280
"""What a post has room for."""

SKIES = {0: "a clear sky", 1: "a fair sky", 2: "broken clouds", 3: "a grey sky", 45: "fog", 48: "rime fog"}
"""Codes of the World Meteorological Organization for what is seen of the sky (table 4677), as far as nothing falls."""
FALLS = [(51, 57, "drizzle"), (61, 67, "rain"), (71, 77, "snow"), (80, 82, "showers"), (85, 86, "snow showers")]


class Weather(TypedDict):
    """What is sung of."""

    at: int
    sky: str
    degrees: int
    wind: int


class Handler(Personality):
    def handle(self, event: Event) -> None:
        if event.kind == "agent_started":
            schedule.cron("morning", "0 7 * * *")
        elif event.kind == "timer":
            weather = now()
            if weather is None:
                # The timer's event comes again: nothing of it was carried out.
                raise Declined("no-weather", "the forecast does not answer", agent.now() + AGAIN_MS)
            tweet.post(verse(weather, None))
        elif event.kind == "mention":
            post = event.payload["post"]
            weather = now()
            text = "The clouds keep their secret today." if weather is None else verse(weather, post)
            tweet.reply(post["id"], text)


def now() -> Optional[Weather]:
    """The weather: kept, or asked for. None where nobody tells."""
    kept: Optional[Weather] = state.load(1)
    if kept is not None and agent.now() - kept["at"] < FRESH_MS:
        return kept
    weather = asked()
    if weather is not None:
        state.save(1, weather)
    return weather


def asked() -> Optional[Weather]:
    place = agent.settings()
    latitude, longitude = place.get("latitude", "52.52"), place.get("longitude", "13.41")
    url = (
        f"https://api.open-meteo.com/v1/forecast?latitude={latitude}&longitude={longitude}"
        "&current=temperature_2m,wind_speed_10m,weather_code"
    )
    try:
        page = http.get(url)
        if not page.is_ok:
            log.warn("the forecast says no", status=page.status)
            return None
        current = page.json()["current"]
        return Weather(
            at=agent.now(),
            sky=sky(int(current["weather_code"])),
            degrees=round(float(current["temperature_2m"])),
            wind=round(float(current["wind_speed_10m"])),
        )
    except CallError as error:
        log.warn("no forecast", code=error.code, message=error.message)
    except (KeyError, TypeError, ValueError) as error:
        # Whoever answers may answer anything.
        log.warn("the forecast is none", error=repr(error))
    return None


def sky(code: int) -> str:
    for first, last, name in FALLS:
        if first <= code <= last:
            return name
    return SKIES.get(code, "thunder" if code >= 95 else "a sky without a name")


def verse(weather: Weather, asker: Optional[dict[str, Any]]) -> str:
    """Four lines of the model; a plain one where it writes none that fits."""
    plain = f"{weather['sky'].capitalize()}, {weather['degrees']} degrees, and a wind of {weather['wind']} km/h."
    prompt = (
        llm.Prompt("post" if asker is None else "reply")
        .system("You are a bard who has sung of nothing but the weather for thirty years.")
        .user(f"The weather now: {plain}")
    )
    if asker is not None:
        prompt = prompt.words_of(asker["author"], asker["text"])
    prompt = prompt.user("Sing of this weather in one or two short lines, without hashtags.").max_tokens(80)
    try:
        text: str = prompt.complete().text.strip()
    except CallError as error:
        log.warn("no verse", code=error.code)
        return plain
    return text if text and tweet.weighted_length(text) <= ROOM else plain
