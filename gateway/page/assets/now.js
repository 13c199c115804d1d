// SPDX-License-Identifier: Apache-2.0
// Now: what is wrong with its remedy, each sensor, the official stations beside them, the indices.
import { element } from './elements.js';
import { askGently, query } from './gateway.js';
import { indexBadge, indexName, mainOf, shownIndices } from './indices.js';
import { DAY, duration, isAbsent, milliseconds, MINUTE, moment, number, SECOND, textOf } from './numbers.js';
import { sparkline } from './drawings.js';
import { comparisonName, isSaid, language, quantityName, say, sayCode, stationName } from './words.js';

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

function modeList(modes) {
  if (modes.length === 0) return '';
  return element('section', { class: 'modes', 'aria-label': say('warning_modes') }, modes.map((mode) => element('p', {},
    element('b', {}, '⚑ ', say('warning_mode', { mode: mode.id })),
    mode.code ? [' ', say('warning_in_force', { warning: mode.name ? `${mode.name} (${mode.code})` : mode.code, feed: mode.feed })] : '',
    ' ', element('span', { class: 'faint' }, say('since'), ' ', moment(mode.since)))));
}

const flagMark = { 1: '✓', 2: '·', 3: '⚠', 4: '✖', 9: '–' };

export const flagWord = (flag) =>
  element('span', { class: `flag flag-${flag}` }, flagMark[flag] ?? '·', ' ', sayCode('flag', flag));

const qualityOf = (reading) => (reading.fault ? element('span', { class: 'fault' }, sayCode('fault', reading.fault)) : flagWord(reading.flag));

// Where many stand in a row: the sign, with its words for who asks or cannot see it.
const flagSign = (flag) =>
  element('span', { class: `flag flag-${flag}`, title: sayCode('flag', flag) }, flagMark[flag] ?? '·', element('span', { class: 'hidden' }, sayCode('flag', flag)));

export const unitOf = (reading) => element('span', { class: 'unit' }, isAbsent(reading) ? '' : reading.unit);

const sparklines = new Map();  // of sensor and quantity: what was drawn, between which values, and when

function dayOf(sensor, quantity, to, onDrawn) {
  const key = `${sensor.id}/${quantity}`;
  const kept = sparklines.get(key);
  if (kept && performance.now() - kept.at < 10 * MINUTE) return kept;
  sparklines.set(key, { ...kept, at: performance.now() });
  const from = to - DAY;
  askGently(query('/api/v1/series', { stream: `sensor/${sensor.id}`, quantity,
    from: new Date(from).toISOString(), to: new Date(to).toISOString(), points: 96 }))
    .then((series) => {
      const values = series.points.map((point) => point[1]).filter((value) => value !== null);
      sparklines.set(key, { at: performance.now(), drawing: sparkline(series.points, series.width_ms, from, to),
        least: Math.min(...values), most: Math.max(...values) });
      onDrawn();
    }, () => {});
  return kept;
}

// After two periods without a sample a sensor is stale; what is told once a second takes its second as well.
const patienceWith = (sensor) => Math.max(2 * sensor.period_ms, sensor.period_ms + 2 * SECOND);
const ageOf = (sensor, sinceReceived) => (sensor.age_ms === null ? null : sensor.age_ms + sinceReceived);

// Until the next of them is stale; Infinity: none will be.
export const untilStale = (sensors, sinceReceived) => Math.min(...sensors
  .filter((sensor) => sensor.state === 'fresh' && sensor.age_ms !== null)
  .map((sensor) => patienceWith(sensor) - ageOf(sensor, sinceReceived)).filter((ms) => ms > 0));

function sensorCard(sensor, context) {
  const age = ageOf(sensor, context.sinceReceived);
  const state = sensor.state === 'fresh' && age !== null && age >= patienceWith(sensor) ? 'stale' : sensor.state;
  const leading = leadingOf(sensor.readings);
  const open = (quantity) => query('/sensor', { id: sensor.id, quantity });
  // What the maker's own output or a count of particles says is for those who look for it.
  const isExtra = (reading) => /_cf1$|^n_(above|below)_|^internal_/.test(reading.quantity);
  const first = sensor.readings.filter((reading) => !isExtra(reading));
  const rest = sensor.readings.filter(isExtra);
  // What is the same of all is said once, beside the state.
  const isOneWord = new Set(sensor.readings.map((reading) => reading.fault ?? reading.flag)).size === 1;
  const list = (kind, readings) => element('dl', { class: kind }, readings.map((reading) => element('div', {},
    element('dt', {}, element('a', { href: open(reading.quantity) }, quantityName(reading.quantity)),
      reading.channel ? ` (${reading.channel})` : ''),
    element('dd', { 'data-quantity': reading.quantity }, element('span', { class: 'value' }, textOf(reading)), ' ', unitOf(reading), ' ',
      reading.flag === 1 ? flagSign(1) : isOneWord ? '' : qualityOf(reading)))));
  const day = leading ? dayOf(sensor, leading.quantity, milliseconds(context.now.time), context.redraw) : null;
  return element('article', { class: `card sensor ${state}`, id: `sensor-${sensor.id}` },
    element('h3', {}, element('a', { href: leading ? open(leading.quantity) : query('/sensor', { id: sensor.id }) }, sensor.id)),
    element('p', { class: 'faint' }, [sensor.driver, sensor.placement ? sayCode('placement', sensor.placement) : ''].filter(Boolean).join(' · ')),
    element('p', { class: 'state' }, element('span', { class: `badge ${state}` }, say(`state.${state}`)), ' ',
      age === null ? '' : say('ago', { age: duration(age) }),
      state === 'fresh' && isOneWord ? [' · ', qualityOf(sensor.readings[0])] : ''),
    list('readings', first),
    rest.length > 0 ? element('details', {}, element('summary', {}, say('more_readings', { n: rest.length })), list('readings more', rest)) : '',
    day?.drawing ? element('div', { class: 'day' }, day.drawing.cloneNode(true),
      element('p', { class: 'faint' }, say('last_24_hours', { quantity: quantityName(leading.quantity),
        least: number(day.least, leading.decimals), most: `${number(day.most, leading.decimals)} ${leading.unit}` }))) : '');
}

// A gas comes as mass, which the agency reports, with its share beside it: one of them is enough here.
export function toldReadings(station) {
  const names = new Set(station.readings.map((reading) => reading.quantity));
  return station.readings.filter((reading) => !isAbsent(reading) &&
    !(/_pp[bm]$/.test(reading.quantity) && names.has(reading.quantity.replace(/_pp[bm]$/, ''))));
}

function stationTable(now) {
  if (now.stations.length === 0) return element('p', { class: 'nothing' }, say('no_stations'));
  const nearest = [...now.stations].sort((a, b) => (a.distance_m ?? Infinity) - (b.distance_m ?? Infinity));
  const feeds = [...new Set(nearest.map((station) => station.feed))];
  return feeds.map((feed) => {
    const about = now.feeds.find((one) => one.feed === feed);
    const stations = nearest.filter((station) => station.feed === feed).map((station) => ({ station, told: toldReadings(station) }));
    const columns = new Map(stations.flatMap(({ told }) => told.map((reading) => [reading.quantity, reading.unit])));
    const rows = stations.map(({ station, told }) => element('tr', {},
      element('th', { scope: 'row' }, stationName(station)),
      element('td', { class: 'number' }, station.distance_m === null ? '–' : distance(station.distance_m)),
      [...columns.keys()].map((quantity) => told.find((reading) => reading.quantity === quantity)).map((reading) =>
        element('td', { class: 'number' }, reading ? element('span', { class: 'value' }, textOf(reading)) : '–',
          reading && (reading.flag === 3 || reading.flag === 4) ? [' ', flagSign(reading.flag)] : '')),
      element('td', { class: 'number' }, station.end ? moment(station.end) : '–')));
    const table = (some) => element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': feed }, element('table', { class: 'stations' },
      element('thead', {}, element('tr', {},
        element('th', { scope: 'col' }, say('column.station')), element('th', { scope: 'col', class: 'number' }, say('column.distance')),
        [...columns].map(([quantity, unit]) => element('th', { scope: 'col', class: 'number' }, quantityName(quantity), unit ? [' ', element('span', { class: 'unit' }, unit)] : '')),
        element('th', { scope: 'col', class: 'number' }, say('column.until')))),
      element('tbody', {}, some)));
    const FEW = 6;
    return element('section', { class: 'feed', id: `feed-${feed}` },
      element('h3', {}, feed, ' ', about ? element('span', { class: `badge feed-${about.state}` }, say(`feed_state.${about.state}`)) : ''),
      table(rows.slice(0, FEW)),
      rows.length > FEW ? element('details', {}, element('summary', {}, say('more_stations', { n: rows.length - FEW })), table(rows.slice(FEW))) : '',
      about?.attribution || about?.licence ? element('p', { class: 'faint' }, [about.attribution, about.licence ? `${say('about.licence')}: ${about.licence}` : ''].filter(Boolean).join(' · ')) : '');
  });
}

export const distance = (metres) => (metres < 1000 ? `${number(metres, 0)} m` : `${number(metres / 1000, metres < 100000 ? 1 : 0)} km`);

export function indexList(indices, stations) {
  const nameOf = (subject) => {
    if (subject === 'own') return say('own_index');
    const found = stations.find((station) => `${station.feed}--${station.station}` === subject);
    return found ? stationName(found) : subject;
  };
  return element('ul', { class: 'indices' }, indices.map((index) => element('li', {},
    indexBadge(index), ' ', element('span', {}, nameOf(index.subject), ' ',
      element('span', { class: 'faint' }, indexName(index), index.official ? '' : ` · ${say('indicative')}`,
        index.main ? ` · ${say('main_pollutant', { quantity: mainOf(index) })}` : '')))));
}

export function nowPage(context) {
  const { now } = context;
  const indices = shownIndices(now);
  const FEW = 8;
  return [
    element('h1', { tabindex: -1 }, now.gateway.name || now.gateway.id),
    modeList(now.modes),
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
          comparisonName(each, now.stations)), ' ',
        each.verdict ? element('span', { class: `badge verdict-${each.verdict}` }, sayCode('verdict', each.verdict)) : say('no_record_yet'))))) : '',
    element('section', {}, element('h2', {}, say('official_stations')), stationTable(now)),
  ];
}
