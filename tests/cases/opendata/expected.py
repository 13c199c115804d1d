#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes NAME.expected beside every saved response: what it says, by the agencies' published rules.

It shares no code with the program, so that the two can disagree. Look at the difference before you
commit it.
"""
import csv, datetime, email.utils, io, json, pathlib, re, unicodedata, xml.etree.ElementTree as xml

HERE = pathlib.Path(__file__).resolve().parent
HKT = datetime.timezone(datetime.timedelta(hours=8))
MOLAR_MASS = {"no2": 46.006, "o3": 47.998, "so2": 64.066, "co": 28.010}
# The Chinese names that the cases use; the last of them is in no list and gets its name's FNV-1a.
NAMES = {"中西區": "Central/Western", "中環": "Central", "北區": "North", "中西区": "Central/Western",
         "东涌": "Tung Chung", "旺角": "Mong Kok"}
HKO_NAMES = {"京士柏": "King's Park", "天星碼頭": "Star Ferry", "長洲": "Cheung Chau", "沙田": "Sha Tin",
             "赤鱲角": "Chek Lap Kok", "荃湾可观": "Tsuen Wan Ho Koon", "元朗公园": "Yuen Long Park",
             "香港天文台": "HK Observatory", "Hong Kong Observatory": "HK Observatory",
             "Hong Kong Park": "HK Park", "中西區": "Central & Western District",
             "東區": "Eastern District", "未知站": "station 2ea475c9"}


def slug(name):
    return re.sub(r"[^a-z0-9]+", "-", re.sub("['\u2019]", "", name).lower()).strip("-")


def number(text):
    text = text.strip()
    if re.fullmatch(r"(-99+|9999+)(\.(9*|0*))?", text):
        return None  # what stands for "none"
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
        return email.utils.parsedate_to_datetime(text.replace("HKT", "+0800"))
    except (TypeError, ValueError):
        return None


def hk_epd_xml(root):
    loose = lambda name: re.sub(r"[._]", "", name).lower()
    child = lambda node, name: next(((each.text or "").strip() for each in node if loose(each.tag) == loose(name)), "")
    there = {loose(each.tag) for row in root.iter("PollutantConcentration") for each in row}
    for row in root.iter("PollutantConcentration"):
        end = rfc822(child(row, "DateTime"))
        if not end:
            continue
        station = slug(child(row, "StationName"))
        for element in ("NO2", "O3", "SO2", "CO", "PM10", "PM2.5"):
            if loose(element) not in there:
                continue  # a column that no row has is not there
            text = child(row, element)
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
        found = re.match(r"(.+?) *[:：] *(\S+) *[:：]", child(item, "title")) or \
            re.match(r"(.+?) - [^:：]*[:：] *(\S+) ", child(item, "description"))
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
        district = place(row["place"])
        district += "" if district.endswith("-district") else "-district"
        yield line(district, "rain_1h", value, end, minutes(60), shown(row["max"]))
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


CST = HKT
SITES = {"浦东张江": "1150a", "徐汇上师大": "1144a", "普陀": "1141a", "新站 A": "station-45cfd08b", "上海市": "shanghai"}


def plain(text):
    return unicodedata.normalize("NFKC", text)


def with_share(station, name, value, end, length, text, kelvin):
    yield line(station, name, value, end, length, text)
    if name in MOLAR_MASS and kelvin:
        factor = MOLAR_MASS[name] * 1013.25 / (8.314462618 * kelvin) / 10  # ug/m3 per ppb
        share, scale = (name + "_ppm", 1000) if name == "co" else (name + "_ppb", 1)
        yield line(station, share, None if value is None else value / factor / scale, end, length, "")


def china_time(text):
    text = plain(text).strip()
    if found := re.fullmatch(r"/Date\((\d+)(\+\d+)?\)/", text):
        return datetime.datetime.fromtimestamp(int(found[1]) / 1000, datetime.timezone.utc)
    parts = list(map(int, re.findall(r"\d+", text)))
    if len(parts) < 4 and not re.fullmatch(r"\d{10,14}", text):
        return None
    day = datetime.datetime(*parts[:3], tzinfo=CST)
    return day + datetime.timedelta(hours=parts[3], minutes=(parts + [0])[4])


def cn_cnemc(body):
    answer = json.loads(body)
    if isinstance(answer, dict):
        answer = json.loads(answer["d"]) if "d" in answer else [answer]
    for row in answer:
        cells = {re.sub(r"[_.]", "", key.lower()): value for key, value in row.items()}
        end = china_time(cells["timepoint"])
        if end is None:
            continue
        code = cells.get("stationcode", "").strip().lower()
        site = cells.get("positionname") or cells.get("area")
        station = code or SITES.get(site) or f"city-{cells['citycode']}"
        kelvin = 298.15 if end > datetime.datetime(2018, 9, 1, tzinfo=CST) else 273.15
        for key, value in cells.items():
            found = re.fullmatch(r"(pm25|pm10|no2|o3|so2|co|aqi)(8h)?(24h)?", key)
            if found:
                text = "" if value is None else str(value)
                name = found[1].replace("pm25", "pm2_5") + "".join("_" + part for part in found.groups()[1:] if part)
                length = 24 if found[3] else 8 if found[2] else 1
                amount = number(plain(text))
                if found[1] == "co" and amount is not None:
                    amount *= 1000
                yield from with_share(station, name, amount, end, minutes(60 * length), text, kelvin)


def cn_sh_opendata(body):
    columns = json.loads((HERE / "cn-sh-opendata.settings.json").read_text())["columns"]
    data = json.loads(body)["data"]
    data = json.loads(data) if isinstance(data, str) else data
    for row in data["data"]:
        row = {key.lower(): "" if value is None else str(value) for key, value in row.items()}
        day, clock = row["rq"][:10], row["sj"]
        if len(clock) == 4:
            clock = clock[:2] + ":" + clock[2:]
        if not re.search(r"\d", clock):
            continue
        end = china_time(f"{day} {clock}".strip())
        station = SITES[row["zd"]] if "zd" in row else "shanghai"
        for column, meaning in columns.items():
            if column in row and meaning not in ("date", "time", "station"):
                factor = 1000 if column == "co" else 1
                name = "co" if column == "co" else meaning
                amount = number(row[column])
                yield from with_share(station, name, None if amount is None else amount * factor, end,
                                      minutes(60), row[column], 298.15)


RECEIVED = datetime.datetime(2026, 11, 22, 2, 30, tzinfo=datetime.timezone.utc)
SPEED = {"KT": 1852 / 3600, "MPS": 1, "KMH": 1 / 3.6}


HOUR = datetime.timedelta(hours=1)
SOMETHING_ELSE = (r"(?:NOSIG|BECMG|TEMPO|INTER|RMK|FCST|METAR|SPECI|TAF|(?:FM|TL|AT|PROB|TX|TN)\d\S*|\d{6}Z?|"
                  r"\d{4}/\d{4}|\S*\d(?:KT|MPS|KMH))")


def nearest(day, clock, near):
    days = (near.date() + datetime.timedelta(days=away) for away in range(-60, 60))
    times = [datetime.datetime(each.year, each.month, each.day, int(clock[:2]), int(clock[2:]),
                               tzinfo=datetime.timezone.utc) for each in days if each.day == int(day)]
    return min(times, key=lambda time: abs(time - near))


def metar_report(text, near, latest):
    head = re.match(r"(?:(?:METAR|SPECI) )?(?:COR )?([A-Z]\w{3}) (\d\d)(\d{4})Z (?:(?:AUTO|COR|RTD|CC[A-Z]) )*(.*)", text)
    if not head or re.match(r"NIL|AMD |\d{4}/\d{4} |\d{6} ", head[4]):
        return
    station, end, body = head[1].lower(), nearest(head[2], head[3], near), head[4]
    if end > latest:
        return
    degrees = lambda text: None if number(text.strip("M")) is None else float(text.replace("M", "-"))
    if wind := re.match(r"(?:/+ )*((\d{3}|VRB|///)(P?\d{2,3}|//)(?:G(P?\d{2,3}|//))?(KT|MPS|KMH) )", body):
        direction, speed, gust, unit = wind.groups()[1:]
        calm = direction == "000" and speed == "00"
        angle = None if calm or number(direction) is None else number(direction) % 360
        yield line(station, "wind_dir", angle, end, minutes(10), wind[1].strip() if calm else direction)
        for name, cell in (("wind_speed", speed), ("wind_gust", gust)):
            if cell:
                amount = number(cell)
                yield line(station, name, None if amount is None else amount * SPEED[unit], end, minutes(10), cell)
        body = body[wind.end():]
    body = " " + re.split(f"(?:^| ){SOMETHING_ELSE} ", body)[0] + " "
    pressures = re.search(r"(?: [QA][\d/]{4}(?= ))+", body)
    groups = re.findall(r" (M?(?:\d\d|//|XX))/(M?(?:\d\d|//|XX)|)(?= )", body[:pressures.start() + 1] if pressures else body)
    groups.sort(key=lambda group: degrees(group[0]) is None and degrees(group[1]) is None)
    if groups:
        yield line(station, "temperature", degrees(groups[0][0]), end, minutes(1), groups[0][0])
        yield line(station, "dew_point", degrees(groups[0][1]), end, minutes(1), groups[0][1])
    if pressures:
        known = lambda group: None if number(group[1:]) in (None, 0) else number(group[1:])
        group = min(pressures[0].split(), key=lambda group: known(group) is None)
        factor = 33.863886 / 100 if group[0] == "A" else 1
        amount = None if known(group) is None else known(group) * factor
        yield line(station, "pressure_sea_level", amount, end, minutes(1), group[1:])


def metar(body):
    if body.startswith("["):
        for entry in json.loads(body):
            seen = entry.get("obsTime")
            near = datetime.datetime.fromtimestamp(seen, datetime.timezone.utc) if seen else RECEIVED
            yield from metar_report(entry["rawOb"] or "", near, near + (minutes(1) if seen else HOUR))
        return
    near, reports, corrected = (RECEIVED, RECEIVED + HOUR), [], set()
    for text in re.sub(r"\n +", " ", body).upper().splitlines():
        if date := re.fullmatch(r"(\d{4})/(\d\d)/(\d\d) (\d\d):(\d\d)", text):
            dated = datetime.datetime(*map(int, date.groups()), tzinfo=datetime.timezone.utc)
            near = (dated, dated + minutes(1))
        text = re.sub(" +", " ", text.rstrip("=")) + " "
        key = re.search(r"[A-Z]\w{3} \d{6}Z", text)
        is_correction = bool(re.search(r"^(METAR |SPECI )?COR |Z (AUTO )?(COR|CC[A-Z]) ", text))
        reports.append((text, near, key and key[0], is_correction))
        corrected |= {key[0]} if key and is_correction else set()
    for text, near, key, is_correction in reports:
        if is_correction or key not in corrected:
            yield from metar_report(text, *near)


OPENAQ = {"pm25": "pm2_5", "relativehumidity": "humidity"}
FACTORS = {("ppm", "ppb"): 1000, ("ppm", "ppm"): 1}


def openaq(body):
    for row in json.loads(body)["results"]:
        if "parameter" not in row or "period" not in row:
            continue
        name, unit = row["parameter"]["name"].lower(), plain(row["parameter"]["units"])
        name, factor = OPENAQ.get(name, name), 1
        start, end = (datetime.datetime.fromisoformat(row["period"][key]["utc"].replace("Z", "+00:00"))
                      for key in ("datetimeFrom", "datetimeTo"))
        if name.startswith("um") or start >= end:
            continue
        if unit == "ppm":
            name, factor = (name + "_ppm", 1) if name == "co" else (name + "_ppb", 1000)
        if end - start == minutes(1440):
            name += "_24h"
        value = None if row["value"] is None or number(str(row["value"])) is None else row["value"]
        yield line("openaq", name, None if value is None else value * factor, end, end - start,
                   "" if row["value"] is None else str(row["value"]))


def decoded(raw):
    if raw[:2] == b"\xff\xfe":
        return raw.decode("utf-16")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("gb18030")


FEEDS = {"cn-cnemc": cn_cnemc, "cn-sh-opendata": cn_sh_opendata, "hk-epd": hk_epd, "hk-hko": hk_hko,
         "metar": metar, "openaq": openaq}


def main():
    for source, read in FEEDS.items():
        for path in sorted((HERE / source).iterdir()):
            if path.suffix == ".expected":
                continue
            latest = {}  # a later value of the same station, quantity and interval holds: something
            for each in read(decoded(path.read_bytes()).lstrip("\ufeff")):
                key = each["station"], each["quantity"], each["start"], each["end"]
                if each["value"] is not None or key not in latest:
                    latest[key] = each
            text = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in latest.values())
            pathlib.Path(f"{path}.expected").write_text(text)


main()
