# SPDX-License-Identifier: Apache-2.0
"""Makes of the store's records what VictoriaMetrics imports, under the names and labels that a scrape of the same
gateway gives them, and with the time at which each was measured. Run by tests/beside/run.

  twinsky export --json --from 2026-11-01 --to 2026-11-08 | python3 history.py mk-roof |
    curl --fail -T - http://localhost:8428/api/v1/import

The argument is the job_name of scrape.yml. Twice the same changes nothing (-dedup.minScrapeInterval=1ms). A restart,
or http://localhost:8428/internal/resetRollupResultCache, makes it show in what was looked at before. Values are raw,
as in the scrape; `flag` says how good each is. Official stations and hours are not scraped, and left out here.
"""
import collections, json, sys

QUANTITIES = {  # by the unit in the name of their metrics
    "micrograms_per_cubic_metre":
        "pm1 pm2_5 pm4 pm10 pm1_cf1 pm2_5_cf1 pm10_cf1 formaldehyde no2 o3 so2 co no nox pm2_5_24h pm10_24h "
        "no2_24h o3_8h o3_24h so2_24h co_24h o3_8h_24h",
    "per_cubic_centimetre":
        "n_above_0_3 n_above_0_5 n_above_1 n_above_2_5 n_above_5 n_above_10 n_below_0_5 n_below_1 n_below_2_5 "
        "n_below_4 n_below_10",
    "parts_per_billion": "no2_ppb o3_ppb so2_ppb no_ppb nh3_ppb h2s_ppb formaldehyde_ppb",
    "parts_per_million": "co_ppm co2",
    "": "voc_index nox_index uv_index aqhi aqi",
    "ohms": "gas_resistance",
    "celsius": "temperature dew_point wet_bulb internal_temperature",
    "percent": "humidity internal_humidity",
    "hectopascals": "pressure pressure_sea_level",
    "metres_per_second": "wind_speed wind_gust",
    "degrees": "wind_dir",
    "millimetres": "rain rain_total rain_1h",
    "millimetres_per_hour": "rain_rate",
    "lux": "illuminance",
    "watts_per_square_metre": "solar_radiation",
    "decibels": "noise",
    "volts": "battery_voltage supply_voltage",
}
METRICS = {quantity: f"twinsky_{quantity}" + (f"_{unit}" if unit else "")
           for unit, quantities in QUANTITIES.items() for quantity in quantities.split()}
HELD = 1000   # records of a stream within which one that amends another comes
BATCH = 5000  # samples of a series in one line


class History:
    def __init__(self, job, out):
        self.job, self.out = job, out
        self.waiting = collections.defaultdict(collections.OrderedDict)  # sensor and epoch: its newest records by seq
        self.series = collections.defaultdict(list)

    def take(self, record):
        waiting = self.waiting[record["sensor"], record["epoch"]]
        waiting.pop(record.get("amends"), None)
        waiting[record["seq"]] = record
        if len(waiting) > HELD:
            self.keep(waiting.popitem(last=False)[1])

    def keep(self, record):
        for quantity, name in METRICS.items():
            if record.get(quantity) is None:
                continue
            key = (name, record["sensor"], str(record.get("flags", {}).get(quantity, 1)))
            self.series[key].append((record["ts"], record[quantity]))
            if len(self.series[key]) >= BATCH:
                self.write(key)

    def write(self, key):
        name, sensor, flag = key
        times, values = zip(*self.series.pop(key))
        labels = {"__name__": name, "job": self.job, "sensor": sensor, "flag": flag}
        print(json.dumps({"metric": labels, "values": values, "timestamps": times}), file=self.out)

    def end(self):
        for waiting in self.waiting.values():
            for record in waiting.values():
                self.keep(record)
        for key in list(self.series):
            self.write(key)


def main():
    history = History(sys.argv[1], sys.stdout)
    for line in sys.stdin:
        record = json.loads(line)
        if {"sensor", "seq", "flag"} <= record.keys():
            history.take(record)
    history.end()


if __name__ == "__main__":
    main()
