// SPDX-License-Identifier: Apache-2.0
// One sensor over a period: raw and corrected, the official station over it, doubts and gaps.
import { chartLegend, drawChart } from './chart.js';
import { element } from './elements.js';
import { ask, query } from './gateway.js';
import { DAY, HOUR, localMinute, milliseconds, number } from './numbers.js';
import { flagWord, leadingOf } from './now.js';
import { quantityName, say, sayCode, stationName } from './words.js';

const PERIODS = { '24h': DAY, '7d': 7 * DAY, '30d': 30 * DAY, '1y': 366 * DAY };

const iso = (ms) => new Date(ms).toISOString();

// The station it is compared with, else the nearest that has the quantity.
function officialOf(now, sensor, quantity) {
  const compared = now.comparisons.find((each) => each.sensor === sensor.id && each.quantity === quantity);
  const found = compared
    ? now.stations.find((station) => station.feed === compared.feed && station.station === compared.station)
    : now.stations.filter((station) => station.readings.some((reading) => reading.quantity === quantity))
      .sort((a, b) => (a.distance_m ?? Infinity) - (b.distance_m ?? Infinity))[0];
  if (found) return { station: `${found.feed}/${found.station}`, name: stationName(found) };
  return compared ? { station: `${compared.feed}/${compared.station}`, name: `${compared.feed}/${compared.station}` } : null;
}

async function read(now, sensor, quantity, from, to) {
  const span = { from: iso(from), to: iso(to) };
  const official = officialOf(now, sensor, quantity);
  const compared = now.comparisons.find((each) => each.sensor === sensor.id && each.quantity === quantity);
  const [raw, pairs, beside] = await Promise.all([
    ask(query('/api/v1/series', { stream: `sensor/${sensor.id}`, quantity, ...span, points: 500 })),
    compared ? ask(query('/api/v1/comparison', { topic: compared.topic })).then((answer) => answer.pairs, () => []) : [],
    official ? ask(query('/api/v1/official', { station: official.station, quantity, ...span })).catch(() => ({ points: [] })) : { points: [] },
  ]);
  // The corrected hours stand with the pairs of a comparison, of thirty days at most.
  const corrected = pairs.filter((pair) => typeof pair[4] === 'number' && pair[0] >= from)
    .map((pair) => ({ start: pair[0], value: pair[4] }));
  return { raw, corrected, beside, official };
}

const own = (series) => series.points.map(([start, value, least, most, flag, used]) => ({ start, value, least, most, flag, used }));

function csvOf(seen, [from, to], unit) {
  const rows = [['time_utc', 'time_local', 'series', `value${unit ? ` (${unit})` : ''}`, 'minimum', 'maximum', 'flag']];
  const text = (value) => (value === null || value === undefined ? '' : String(value));
  for (const { name, points } of seen) {
    for (const point of points) {
      if (point.start < from || point.start > to) continue;
      rows.push([iso(point.start), localMinute(point.start), `"${name.replaceAll('"', '""')}"`, text(point.value), text(point.least), text(point.most), text(point.flag)]);
    }
  }
  return `${rows.map((row) => row.join(',')).join('\n')}\n`;
}

function save(name, text) {
  const link = element('a', { href: URL.createObjectURL(new Blob([text], { type: 'text/csv' })), download: name });
  link.click();
  URL.revokeObjectURL(link.href);
}

function table(lines, unit, decimals) {
  const [raw] = lines;
  const shown = raw.points.slice(-200).reverse();
  return element('details', {}, element('summary', {}, say('as_table')),
    element('div', { class: 'scroll tall', tabindex: 0, role: 'region', 'aria-label': say('as_table') }, element('table', {},
      element('thead', {}, element('tr', {}, ['time', 'value', 'least', 'most', 'flag'].map((key) => element('th', { scope: 'col' }, say(`column.${key}`))))),
      element('tbody', {}, shown.map((point) => element('tr', {},
        element('th', { scope: 'row' }, localMinute(point.start)),
        element('td', {}, `${number(point.value, decimals)} ${unit}`),
        element('td', {}, number(point.least, decimals)), element('td', {}, number(point.most, decimals)),
        element('td', {}, flagWord(point.flag))))))));
}

let drawn = null;  // the chart that stands on the page

export function leaveSensor() {
  drawn?.chart?.destroy();
  drawn = null;
}

export function sensorPage(context) {
  const { now, parameters } = context;
  const sensor = now.sensors.find((each) => each.id === parameters.get('id')) ?? now.sensors[0];
  if (!sensor) return [element('h1', { tabindex: -1 }, say('a_sensor')), element('p', {}, say('no_sensors'))];
  const quantities = sensor.readings.map((reading) => reading.quantity).filter((name) => !name.endsWith('_corrected'));
  const asked = parameters.get('quantity')?.replace(/_corrected$/, '');
  const quantity = quantities.includes(asked) ? asked : leadingOf(sensor.readings)?.quantity;
  const period = parameters.get('period') in PERIODS ? parameters.get('period') : '24h';
  const go = (change) => query('/sensor', { id: sensor.id, quantity: quantity ?? '', period, ...change });
  const key = `chart ${sensor.id} ${quantity} ${period} ${document.documentElement.lang} ${context.theme}`;
  const place = element('div', { class: 'chart-place', 'data-kept': key }, element('p', { class: 'faint' }, say('reading')));
  if (quantity && drawn?.key !== key) {
    leaveSensor();
    drawn = { key, chart: null };
    const to = milliseconds(now.time);
    const from = to - PERIODS[period];
    const reading = sensor.readings.find((each) => each.quantity === quantity);
    const unit = reading.unit ?? '';
    // The place that stands on the page when the answer comes, which may be an older twin of this one.
    const standing = () => document.querySelector(`[data-kept="${CSS.escape(key)}"]`) ?? place;
    read(now, sensor, quantity, from, to).then(({ raw, corrected, beside, official }) => {
      if (drawn?.key !== key) return;
      const lines = [{ kind: 'raw', name: quantityName(quantity), points: own(raw), width: raw.width_ms, colour: '--raw' }];
      if (corrected.length > 0) {
        lines.push({ kind: 'corrected', name: quantityName(`${quantity}_corrected`), points: corrected, width: HOUR, colour: '--corrected', dash: [6, 3] });
      }
      if (beside.points.length > 0) {
        lines.push({ kind: 'official', name: official.name, width: HOUR, colour: '--official', dash: [2, 3],
          points: beside.points.map(([start, , value, flag]) => ({ start, value, flag })) });
      }
      const flags = own(raw).filter((point) => point.flag === 3 || point.flag === 4)
        .map((point) => ({ start: point.start, end: point.start + raw.width_ms, flag: point.flag }));
      const gaps = raw.gaps.map(([start, end, cause]) => [start, end, cause]);
      const chart = element('div', {});
      const standsIn = standing();
      standsIn.replaceChildren(chart,
        chartLegend(lines, flags.map((each) => each.flag), gaps),
        element('p', { class: 'actions' }, element('button', { type: 'button', onclick: () =>
          save(`${sensor.id}-${quantity}.csv`, csvOf(lines, drawn.chart.seen(), unit)) }, say('export_seen'))),
        table(lines, unit, reading.decimals));
      drawn.chart = drawChart(chart, { lines, gaps, flags, from, to, unit, decimals: reading.decimals,
        label: say('chart_label', { quantity: quantityName(quantity), sensor: sensor.id }) });
    }, (error) => {
      if (drawn?.key !== key) return;
      standing().replaceChildren(element('p', { class: 'refusal', role: 'alert' }, error.message));
    });
  }
  const chosen = (kind, entries, label) => element('nav', { class: 'choices', 'aria-label': label }, entries.map(([value, text]) =>
    element('a', { href: go({ [kind]: value }), 'aria-current': value === { id: sensor.id, quantity, period }[kind] ? 'true' : null }, text)));
  return [
    element('h1', { tabindex: -1 }, sensor.id),
    now.sensors.length > 1 ? element('p', {}, element('label', {}, say('another_sensor'), ' ',
      element('select', { onchange: (event) => context.go(query('/sensor', { id: event.target.value, period })) },
        now.sensors.map((each) => element('option', { value: each.id, selected: each.id === sensor.id }, each.id))))) : '',
    element('p', { class: 'faint' }, [sensor.driver, sensor.bus, sensor.placement ? sayCode('placement', sensor.placement) : ''].filter(Boolean).join(' · ')),
    quantities.length === 0 ? element('p', { class: 'nothing' }, say('nothing_read_yet')) : [
      chosen('quantity', quantities.map((name) => [name, quantityName(name)]), say('quantities')),
      chosen('period', Object.keys(PERIODS).map((name) => [name, say(`period.${name}`)]), say('periods')),
      place],
  ];
}
