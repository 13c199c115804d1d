#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes NAME.expected beside every saved response: what it says, by the agencies' published rules.

It shares no code with the program, so that the two can disagree. Look at the difference before you
commit it.
"""
import csv, datetime, email.utils, io, json, pathlib, re, xml.etree.ElementTree as xml

HERE = pathlib.Path(__file__).resolve().parent
HKT = datetime.timezone(datetime.timedelta(hours=8))
MOLAR_MASS = {"no2": 46.006, "o3": 47.998, "so2": 64.066, "co": 28.010}
# The Chinese names that the cases use; the last of them is in no list and gets its name's FNV-1a.
NAMES = {"中西區": "Central/Western", "中環": "Central", "北區": "North", "中西区": "Central/Western",
         "东涌": "Tung Chung", "旺角": "Mong Kok"}
HKO_NAMES = {"京士柏": "King's Park", "天星碼頭": "Star Ferry", "長洲": "Cheung Chau", "沙田": "Sha Tin",
             "赤鱲角": "Chek Lap Kok", "荃湾可观": "Tsuen Wan Ho Koon", "元朗公园": "Yuen Long Park",
             "香港天文台": "Hong Kong Observatory", "中西區": "Central & Western District",
             "東區": "Eastern District", "未知站": "station 2ea475c9"}


def slug(name):
    return re.sub(r"[^a-z0-9]+", "-", re.sub("['\u2019]", "", name).lower()).strip("-")


def number(text):
    text = text.strip()
    return float(text) if re.fullmatch(r"-?(\d+\.?\d*|\.\d+)", text) else None


def line(station, quantity, value, end, length, text):
    stamp = lambda time: time.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return {"station": station, "quantity": quantity, "value": value,
            "start": stamp(end - length), "end": stamp(end), "text": text.strip()}


def minutes(count):
    return datetime.timedelta(minutes=count)


def aqhi(station, text, time):
    end = time.replace(minute=0, second=0)
    value = 11 if text == "10+" else number(text)
    return line(slug(NAMES.get(station, station)), "aqhi", value, end, minutes(60), text)


def rfc822(text):
    try:
        return email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None


def hk_epd_xml(root):
    child = lambda node, name: (node.findtext(name) or "").strip()
    for row in root.iter("PollutantConcentration"):
        end = rfc822(child(row, "DateTime"))
        if not end:
            continue
        station = slug(child(row, "StationName"))
        for element in ("NO2", "O3", "SO2", "CO", "PM10", "PM2.5"):
            text = next(((each.text or "") for each in row if each.tag == element), "")
            value, name = number(text), element.lower().replace(".", "_")
            yield line(station, name, value, end, minutes(60), text)
            if name in MOLAR_MASS:
                factor = MOLAR_MASS[name] * 1013.25 / (8.314462618 * 293.15) / 10  # ug/m3 per ppb
                share, scale = (name + "_ppm", 1000) if name == "co" else (name + "_ppb", 1)
                other = None if value is None else value / factor / scale
                yield line(station, share, other, end, minutes(60), "")
    for row in root.findall("item"):
        yield aqhi(child(row, "StationName"), child(row, "aqhi"), rfc822(child(row, "DateTime")))
    for item in root.findall("channel/item"):
        time = rfc822(child(item, "pubDate") or child(root.find("channel"), "lastBuildDate"))
        found = re.match(r"(.+?) - [^:：]*[:：] *(\S+) ", child(item, "description"))
        if found:
            yield aqhi(found[1], found[2], time)


def hk_epd(body):
    if body.lstrip().startswith("<"):
        yield from hk_epd_xml(xml.fromstring(body.encode()))
        return
    for row in json.loads(body):
        if "aqhi" in row:
            time = datetime.datetime.fromisoformat(row["publish_date"]).replace(tzinfo=HKT)
            yield aqhi(row["station"], "" if row["aqhi"] is None else str(row["aqhi"]), time)


POINTS = ["n", "nne", "ne", "ene", "e", "ese", "se", "sse", "s", "ssw", "sw", "wsw", "w", "wnw", "nw",
          "nnw"]
CHINESE = {"東北": 45, "北北東": 22.5}


def direction(text):
    letters = re.sub(r"(?i)(north|east|south|west)-?", lambda word: word[0][0], text.strip()).lower()
    return POINTS.index(letters) * 22.5 if letters in POINTS else CHINESE.get(text.strip())


COLUMNS = [("Direction", "風向", "wind_dir", 10), ("Speed", "平均風速", "wind_speed", 10),
           ("Gust", "陣風", "wind_gust", 10), ("Air Temperature", "气温", "temperature", 1),
           ("Relative Humidity", "濕度", "humidity", 1), ("Sea Level", "氣壓", "pressure_sea_level", 1),
           ("Global Solar", "總輻射", "solar_radiation", 1), ("UV Index", "紫外線", "uv_index", 15)]


def hk_hko_table(body):
    header, *rows = list(csv.reader(io.StringIO(body)))
    for row in rows:
        if len(row) < len(header):
            continue
        if "Year" in header[0]:
            end = datetime.datetime(*map(int, row[:5]), tzinfo=HKT)
        elif len(row[0]) == 12:
            end = datetime.datetime.strptime(row[0], "%Y%m%d%H%M").replace(tzinfo=HKT)
        else:
            continue
        named = [at for at, cell in enumerate(header) if "Station" in cell or "站" in cell]
        name = row[named[0]].replace(" ", "") if named else ""
        station = slug(HKO_NAMES.get(name, row[named[0]] if named else "King's Park"))
        for at, cell in enumerate(header):
            for english, chinese, quantity, length in COLUMNS:
                if english in cell or chinese in cell:
                    value = direction(row[at]) if quantity == "wind_dir" else number(row[at])
                    if quantity in ("wind_speed", "wind_gust") and value is not None:
                        value /= 3.6
                    yield line(station, quantity, value, end, minutes(length), row[at])


def hk_hko_report(report):
    when = lambda text: datetime.datetime.fromisoformat(text)
    issued = when(report["updateTime"])
    shown = lambda value: "" if value is None else str(value)
    def rows(block):
        found = report.get(block)
        return found.get("data", []) if isinstance(found, dict) else []
    for block, unit in (("temperature", "C"), ("humidity", "percent")):
        for row in rows(block):
            end = when(report[block]["recordTime"]) if "recordTime" in report[block] else issued
            if row["unit"] == unit:
                yield line(place(row["place"]), block, number(shown(row["value"])), end, minutes(1),
                           shown(row["value"]))
    for row in rows("rainfall"):
        end = when(report["rainfall"]["endTime"]) if "endTime" in report["rainfall"] else issued
        value = None if row["main"] == "TRUE" else number(shown(row["max"]))
        yield line(place(row["place"]), "rain_1h", value, end, minutes(60), shown(row["max"]))
    for row in rows("uvindex"):
        end = issued.replace(minute=0)
        yield line(place(row["place"]), "uv_index", number(shown(row["value"])), end, minutes(60),
                   shown(row["value"]))


def place(name):
    return slug(HKO_NAMES.get(name, name).replace("&amp;", "&"))


def hk_hko(body):
    if not body.startswith("{"):
        yield from hk_hko_table(body)
        return
    report = json.loads(body)
    if "hourlyRainfall" in report:
        for row in report["hourlyRainfall"]:
            end = datetime.datetime.fromisoformat(report["obsTime"])
            yield line(place(row["automaticWeatherStation"]), "rain_1h", number(row["value"]), end,
                       minutes(60), row["value"])
    elif "updateTime" in report:
        yield from hk_hko_report(report)


def main():
    for source, read in (("hk-epd", hk_epd), ("hk-hko", hk_hko)):
        for path in sorted((HERE / source).iterdir()):
            if path.suffix == ".expected":
                continue
            raw = path.read_bytes()
            body = raw.decode("utf-16" if raw[:2] == b"\xff\xfe" else "utf-8").lstrip("\ufeff")
            latest = {}  # a later value of the same station, quantity and interval holds
            for each in read(body):
                latest[each["station"], each["quantity"], each["start"], each["end"]] = each
            text = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in latest.values())
            pathlib.Path(f"{path}.expected").write_text(text)


main()
