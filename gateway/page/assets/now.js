// SPDX-License-Identifier: Apache-2.0
// Now: what is wrong with its remedy, each sensor, the official stations beside them, the indices.
import { element } from './elements.js';
import { askGently, query } from './gateway.js';
import { indexBadge, indexName, mainOf, shownIndices } from './indices.js';
import { DAY, duration, milliseconds, MINUTE, moment, number } from './numbers.js';
import { sparkline } from './drawings.js';
import { isSaid, language, quantityName, say, sayCode, stationName } from './words.js';

const LEADING = ['pm2_5', 'pm10', 'no2_ppb', 'o3_ppb', 'co2', 'temperature'];
export const leadingOf = (readings) =>
  LEADING.map((wanted) => readings.find((reading) => reading.quantity === wanted)).find(Boolean) ?? readings[0];

// The gateway's own sentence is English and says most; in another language it is made anew.
function problemText(kind, problem, sentence) {
  const key = `${kind}.${problem.code}`;
  if (language() === 'en' || !isSaid(key)) return sentence ?? '';
  const { cause, detail } = problem.arguments;
  const why = isSaid(`cause.${cause}`) ? say(`cause.${cause}`) : detail || say('unknown_code', { code: cause });
  return say(key, { about: problem.about, ...problem.arguments, why, ...(detail ? {} : { detail: why }) });
}

export function problemList(problems) {
  if (problems.length === 0) {
    return element('section', { class: 'well', 'aria-labelledby': 'wrong' },
      element('h2', { id: 'wrong' }, '✓ ', say('all_well')));
  }
  return element('section', { class: 'wrong', 'aria-labelledby': 'wrong' },
    element('h2', { id: 'wrong' }, say('what_is_wrong')),
    element('ul', { class: 'problems' }, problems.map((problem) =>
      element('li', { class: problem.severity },
        element('p', {}, element('b', {}, problem.severity === 'error' ? '✖ ' : '⚠ ', say(`severity.${problem.severity}`)), ' ',
          problemText('problem', problem, problem.text),
          problem.since ? [' ', element('span', { class: 'faint' }, say('since'), ' ', moment(problem.since))] : ''),
        problem.remedy ? element('p', { class: 'remedy' }, '→ ', problemText('remedy', problem, problem.remedy)) : ''))));
}

const flagMark = { 1: '✓', 2: '·', 3: '⚠', 4: '✖', 9: '–' };

export const flagWord = (flag) =>
  element('span', { class: `flag flag-${flag}` }, flagMark[flag] ?? '·', ' ', sayCode('flag', flag));

function valueOf(reading) {
  const text = reading.text || number(reading.value, reading.decimals);
  return [element('span', { class: 'value' }, text), reading.unit ? [' ', element('span', { class: 'unit' }, reading.unit)] : ''];
}

const sparklines = new Map();  // of sensor and quantity: what was drawn and when

function dayOf(sensor, quantity, to, onDrawn) {
  const key = `${sensor.id}/${quantity}`;
  const kept = sparklines.get(key);
  if (kept && performance.now() - kept.at < 10 * MINUTE) return kept.drawing?.cloneNode(true);
  sparklines.set(key, { at: performance.now(), drawing: kept?.drawing ?? null });
  const from = to - DAY;
  askGently(query('/api/v1/series', { stream: `sensor/${sensor.id}`, quantity,
    from: new Date(from).toISOString(), to: new Date(to).toISOString(), points: 96 }))
    .then((series) => {
      sparklines.set(key, { at: performance.now(), drawing: sparkline(series.points, series.width_ms, from, to) });
      onDrawn();
    }, () => {});
  return kept?.drawing?.cloneNode(true);
}

function sensorCard(sensor, context) {
  const age = sensor.age_ms === null ? null : sensor.age_ms + context.sinceReceived;
  const isStale = sensor.state === 'fresh' && age !== null && age > 2 * sensor.period_ms;
  const state = isStale ? 'stale' : sensor.state;
  const leading = leadingOf(sensor.readings);
  const open = (quantity) => query('/sensor', { id: sensor.id, quantity });
  // What the maker's own output or a count of particles says is for those who look for it.
  const isExtra = (reading) => /_cf1$|^n_(above|below)_|^internal_/.test(reading.quantity);
  const first = sensor.readings.filter((reading) => !isExtra(reading));
  const rest = sensor.readings.filter(isExtra);
  const list = (kind, readings) => element('dl', { class: kind }, readings.map((reading) => element('div', {},
    element('dt', {}, element('a', { href: open(reading.quantity) }, quantityName(reading.quantity)),
      reading.channel ? ` (${reading.channel})` : ''),
    element('dd', { 'data-quantity': reading.quantity }, valueOf(reading), ' ',
      reading.fault ? element('span', { class: 'fault' }, sayCode('fault', reading.fault)) : flagWord(reading.flag)))));
  return element('article', { class: `card sensor ${state}`, id: `sensor-${sensor.id}` },
    element('h3', {}, element('a', { href: leading ? open(leading.quantity) : query('/sensor', { id: sensor.id }) }, sensor.id)),
    element('p', { class: 'faint' }, [sensor.driver, sensor.placement ? sayCode('placement', sensor.placement) : ''].filter(Boolean).join(' · ')),
    element('p', { class: 'state' }, element('span', { class: `badge ${state}` }, say(`state.${state}`)), ' ',
      age === null ? '' : say('ago', { age: duration(age) })),
    list('readings', first),
    rest.length > 0 ? element('details', {}, element('summary', {}, say('more_readings', { n: rest.length })), list('readings more', rest)) : '',
    leading ? element('div', { class: 'day' }, dayOf(sensor, leading.quantity, milliseconds(context.now.time), context.redraw) ?? '',
      element('p', { class: 'faint' }, say('last_24_hours', { quantity: quantityName(leading.quantity) }))) : '');
}

// A gas comes as mass, which the agency reports, with its share beside it: one of them is enough here.
export function toldReadings(station) {
  const names = new Set(station.readings.map((reading) => reading.quantity));
  return station.readings.filter((reading) => (reading.value !== null || reading.text) &&
    !(/_pp[bm]$/.test(reading.quantity) && names.has(reading.quantity.replace(/_pp[bm]$/, ''))));
}

function stationTable(now) {
  if (now.stations.length === 0) return element('p', { class: 'nothing' }, say('no_stations'));
  const nearest = [...now.stations].sort((a, b) => (a.distance_m ?? Infinity) - (b.distance_m ?? Infinity));
  const feeds = [...new Set(nearest.map((station) => station.feed))];
  return feeds.map((feed) => {
    const about = now.feeds.find((one) => one.feed === feed);
    const rows = nearest.filter((station) => station.feed === feed).map((station) => element('tr', {},
      element('th', { scope: 'row' }, stationName(station)),
      element('td', { class: 'short' }, station.distance_m === null ? '–' : distance(station.distance_m)),
      element('td', { class: 'wide' }, toldReadings(station).map((reading) =>
        element('span', { class: 'pair' }, quantityName(reading.quantity), ' ', valueOf(reading),
          reading.flag === 3 || reading.flag === 4 ? [' ', flagWord(reading.flag)] : ''))),
      element('td', {}, station.end ? moment(station.end) : '–')));
    const table = (some) => element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': feed }, element('table', {},
      element('thead', {}, element('tr', {}, ['station', 'distance', 'values', 'until'].map((key) => element('th', { scope: 'col' }, say(`column.${key}`))))),
      element('tbody', {}, some)));
    const FEW = 6;
    return element('section', { class: 'feed', id: `feed-${feed}` },
      element('h3', {}, feed, ' ', about ? element('span', { class: `badge feed-${about.state}` }, say(`feed_state.${about.state}`)) : ''),
      table(rows.slice(0, FEW)),
      rows.length > FEW ? element('details', {}, element('summary', {}, say('more_stations', { n: rows.length - FEW })), table(rows.slice(FEW))) : '',
      about?.attribution || about?.licence ? element('p', { class: 'faint' }, [about.attribution, about.licence].filter(Boolean).join(' · ')) : '');
  });
}

export const distance = (metres) => (metres < 1000 ? `${number(metres, 0)} m` : `${number(metres / 1000, 1)} km`);

export function indexList(indices, stations) {
  const nameOf = (subject) => {
    if (subject === 'own') return say('own_index');
    const found = stations.find((station) => `${station.feed}--${station.station}` === subject);
    return found ? stationName(found) : subject;
  };
  return element('ul', { class: 'indices' }, indices.map((index) => element('li', {},
    indexBadge(index), ' ', nameOf(index.subject), ' ',
    element('span', { class: 'faint' }, indexName(index), index.official ? '' : ` · ${say('indicative')}`,
      index.main ? ` · ${say('main_pollutant', { quantity: mainOf(index) })}` : ''))));
}

export function nowPage(context) {
  const { now } = context;
  const indices = shownIndices(now);
  const FEW = 8;
  return [
    element('h1', { tabindex: -1 }, now.gateway.name || now.gateway.id),
    problemList(now.problems),
    indices.length > 0 ? element('section', {}, element('h2', {}, say('indices')),
      indexList(indices.slice(0, FEW), now.stations),
      indices.length > FEW ? element('details', {}, element('summary', {}, say('more_indices', { n: indices.length - FEW })),
        indexList(indices.slice(FEW), now.stations)) : '') : '',
    element('section', {}, element('h2', {}, say('sensors')),
      now.sensors.length === 0 ? element('p', { class: 'nothing' }, say('no_sensors'))
        : element('div', { class: 'cards' }, now.sensors.map((sensor) => sensorCard(sensor, context)))),
    now.comparisons.length > 0 ? element('section', {}, element('h2', {}, say('comparisons')),
      element('ul', {}, now.comparisons.map((each) => element('li', {},
        element('a', { href: query('/comparison', { topic: each.topic }) },
          say('compared_with', { sensor: each.sensor, quantity: quantityName(each.quantity), station: `${each.feed}/${each.station}` })), ' ',
        each.verdict ? element('span', { class: `badge verdict-${each.verdict}` }, sayCode('verdict', each.verdict)) : say('no_record_yet'))))) : '',
    element('section', {}, element('h2', {}, say('official_stations')), stationTable(now)),
  ];
}
