// SPDX-License-Identifier: Apache-2.0
// How far a sensor may be trusted: verdict and reasons in sentences first, then what they rest on.
import { element } from './elements.js';
import { residuals, scatter } from './drawings.js';
import { ask, change, query } from './gateway.js';
import { DAY, figure, HOUR, localMinute, milliseconds, moment, number, zoneOffset } from './numbers.js';
import { distance } from './now.js';
import { askToken } from './token.js';
import { comparisonName, language, say, sayCode, stationName } from './words.js';

const answers = new Map();  // by topic
let offered = null;         // what accepting would write
let noted = null;           // what became of a new note

export function leaveComparison() {
  answers.clear();
  offered = null;
  noted = null;
}

const interval = (ends, digits) => (ends ? say('interval', { from: figure(ends[0], digits), to: figure(ends[1], digits) }) : '');
const withUnit = (value, unit) => (value === null || value === undefined ? '–' : `${figure(value)} ${unit}`);
const percent = (share) => (share === null || share === undefined ? '–' : `${number(100 * share, 0)} %`);

const rows = (entries) => element('table', { class: 'figures' }, element('tbody', {}, entries.filter(Boolean).map(([name, ...values]) =>
  element('tr', {}, element('th', { scope: 'row' }, name), values.map((value) => element('td', {}, value))))));

function verdictOf(record) {
  const reasons = record.reasons.map((code) => sayCode('reason', code));
  const limits = record.limits.map((code) => sayCode('limit', code));
  const neighbours = record.neighbours;
  const heating = record.self_heating;
  return element('section', { class: `verdict verdict-${record.verdict}` },
    element('p', { class: 'verdict-word' }, element('b', {}, sayCode('verdict', record.verdict))),
    element('p', { class: 'verdict-text' }, record.text[language()] ?? record.text.en),
    reasons.length > 0 ? element('ul', {}, reasons.map((reason) => element('li', {}, reason))) : '',
    record.evaluated !== record.verdict ? element('p', { class: 'faint' }, say('evaluated_otherwise', { verdict: sayCode('verdict', record.evaluated) })) : '',
    neighbours?.flag === 3 ? element('p', {}, say('far_from_neighbours', { n: neighbours.stations })) : '',
    heating ? element('p', {}, say('heats_itself', { night: number(heating.night_degc), day: number(heating.day_degc) })) : '',
    limits.length > 0 ? [element('h3', {}, say('cannot_show')), element('ul', {}, limits.map((limit) => element('li', {}, limit)))] : '');
}

function about(answer, now) {
  const { record, reference = {} } = answer;
  const device = now.sensors.find((sensor) => sensor.id === record.sensor) ?? {};
  const of = record.reference;
  const known = now.stations.find((station) => station.feed === of.feed && station.station === of.station);
  const station = known ? `${stationName(known)} (${of.feed}/${of.station})` : `${of.feed}/${of.station}`;
  return rows([
    [say('about.station'), [station, ', ', sayCode('relation', of.relation),
      of.distance_m === null ? '' : ` (${distance(of.distance_m)})`, Math.abs(of.height_m ?? 0) < 1 ? '' : ` · ${say(of.height_m > 0 ? 'higher_by' : 'lower_by', { m: number(Math.abs(of.height_m), 0) })}`]],
    [say('about.device'), [device.driver, answer.serial_number ? say('serial_number', { number: answer.serial_number }) : '',
      device.placement ? sayCode('placement', device.placement) : ''].filter(Boolean).join(' · ') || '–'],
    [say('about.newest'), [moment(record.window_end), ' · ', say('computed'), ' ', moment(record.computed_at)]],
    reference.licence || reference.attribution ? [say('about.licence'), [reference.attribution, reference.licence].filter(Boolean).join(' · ')] : null,
    [say('about.version'), `Twinsky ${now.program}`],
    [say('about.configuration'), record.config_hash],
  ]);
}

function drawings(answer, unit) {
  const { record, pairs } = answer;
  const end = milliseconds(record.window_end);  // the figures are of the same week
  const used = pairs.filter(([ms, sensor, reference, isUsed]) =>
    isUsed && sensor !== null && reference !== null && ms >= end - 7 * DAY && ms < end);
  if (used.length === 0) return element('p', { class: 'nothing' }, say('no_pairs_yet'));
  const { fit } = record;
  const words = { x: `${say('axis.reference')}, ${unit}`, y: `${say('axis.sensor')}, ${unit}` };
  const shown = [scatter(used, fit, { ...words, label: say('caption.scatter'), caption: say('caption.scatter') })];
  if (fit.slope !== null) {
    const rest = ([, sensor, reference]) => sensor - fit.slope * reference - fit.intercept;
    const hourOf = ([ms]) => (Math.floor((ms + zoneOffset()) / HOUR) % 24 + 24) % 24;
    shown.push(residuals(used.map((pair) => [hourOf(pair), rest(pair)]), [-0.5, 23.5],
      { x: say('axis.hour_of_day'), y: unit, label: say('caption.residuals_by_hour'), caption: say('caption.residuals_by_hour') }, 3));
    const references = used.map((pair) => pair[2]);
    const air = (Math.max(...references) - Math.min(...references)) / 20 || 1;
    shown.push(residuals(used.map((pair) => [pair[2], rest(pair)]), [Math.min(...references) - air, Math.max(...references) + air],
      { x: `${say('axis.reference')}, ${unit}`, y: unit, label: say('caption.residuals_by_level'), caption: say('caption.residuals_by_level') }));
    const humid = used.filter((pair) => pair[6] !== null);
    if (humid.length > 0) {
      shown.push(residuals(humid.map((pair) => [pair[6], rest(pair)]), [0, 100],
        { x: say('axis.humidity'), y: unit, label: say('caption.residuals_by_humidity'), caption: say('caption.residuals_by_humidity') }, 20));
    }
  }
  return element('div', { class: 'plots' }, shown);
}

function figuresOf(answer, unit) {
  const { record } = answer;
  const { fit, error } = record;
  const week = record.coverage['168h'];
  return element('section', {}, element('h2', {}, say('figures_of_week')), drawings(answer, unit),
    rows([
      [say('figure.pairs'), say('of_hours', { n: week.pairs, all: week.expected })],
      ...(week.pairs === 0 ? [] : [
        [say('figure.independent'), fit.n_effective === null ? '–' : number(fit.n_effective, 0)],
        [say('figure.slope'), `${figure(fit.slope)} ${interval(fit.slope_ci95)}`],
        [say('figure.intercept'), `${withUnit(fit.intercept, unit)} ${interval(fit.intercept_ci95)}`],
        ['r²', `${figure(fit.r2)} ${interval(fit.r2_ci95)}`],
        [say('figure.mbe'), withUnit(error.mbe, unit)],
        [say('figure.mae'), withUnit(error.mae, unit)],
        [say('figure.rmse'), withUnit(error.rmse, unit)],
        error.uncertainty ? [say('figure.uncertainty'), say('uncertainty_at', { share: percent(error.uncertainty.relative), at: `${figure(error.uncertainty.at)} ${unit}` })] : null,
        record.exceedance ? [say('figure.exceedance', { at: `${figure(record.exceedance.threshold)} ${unit}` }),
          say('exceedance', { hits: record.exceedance.hits, misses: record.exceedance.misses, alarms: record.exceedance.false_alarms })] : null]),
    ]));
}

function coverageOf(record) {
  const widths = ['24h', '72h', '168h', '720h'];
  const causes = Object.keys(record.coverage['168h'].withheld).filter((cause) => widths.some((width) => record.coverage[width].withheld[cause] > 0));
  return element('section', {}, element('h2', {}, say('coverage')),
    element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': say('coverage') }, element('table', {},
      element('thead', {}, element('tr', {}, element('td', {}), widths.map((width) => element('th', { scope: 'col', class: 'number' }, say(`period.${width}`))))),
      element('tbody', {},
        element('tr', {}, element('th', { scope: 'row' }, say('hours_paired')), widths.map((width) =>
          element('td', { class: 'number' }, `${record.coverage[width].pairs} / ${record.coverage[width].expected}`))),
        causes.map((cause) => element('tr', {}, element('th', { scope: 'row' }, sayCode('withheld', cause)),
          widths.map((width) => element('td', { class: 'number' }, record.coverage[width].withheld[cause]))))))));
}

const met = (value) => (value === null ? say('not_asked') : value ? `✓ ${say('yes')}` : `✖ ${say('no')}`);

function targetsOf(record, limits, unit) {
  const { targets } = record;
  const achieved = limits?.achieved ?? {};
  const up = (value, of = '') => (value === null || value === undefined ? '–' : `≤ ${figure(value)}${of}`);
  const line = (key, limit, reached) => element('tr', {}, element('th', { scope: 'row' }, say(`figure.${key}`)),
    element('td', {}, limit), element('td', {}, reached), element('td', { class: 'short' }, met(targets[key] ?? null)));
  return element('section', {}, element('h2', {}, say('targets')),
    element('p', {}, say('targets_of', { issuer: sayCode('issuer', targets.issuer), hours: targets.interval_h, n: targets.n }), ' ',
      targets.goal_seen === null ? '' : say(targets.goal_seen ? 'goal_seen' : 'goal_not_seen')),
    element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': say('targets') }, element('table', {},
      element('thead', {}, element('tr', {}, ['criterion', 'limit', 'achieved', 'met'].map((key) => element('th', { scope: 'col' }, say(`column.${key}`))))),
      element('tbody', {},
        line('slope', limits?.slope ? `${figure(limits.slope[0])} … ${figure(limits.slope[1])}` : '–', figure(achieved.slope)),
        line('intercept', up(limits?.intercept, ` ${unit}`), withUnit(achieved.intercept, unit)),
        line('r2', limits?.r2 === undefined ? '–' : `≥ ${figure(limits.r2)}`, figure(achieved.r2)),
        line('error', [up(limits?.rmse, ` ${unit}`), limits?.nrmse ? ` ${say('or')} ≤ ${percent(limits.nrmse)}` : ''],
          [withUnit(achieved.rmse, unit), achieved.nrmse === undefined || achieved.nrmse === null ? '' : ` (${percent(achieved.nrmse)})`])))),
    element('p', {}, targets.meets ? say('meets_all') : say('meets_not')));
}

function behaviour(record, unit) {
  const { lag, drift } = record;
  return element('section', {}, element('h2', {}, say('lag_and_drift')), element('ul', {},
    element('li', {}, lag.misaligned_by_h !== null ? [say('lag_misaligned', { h: lag.misaligned_by_h }), ' ', sayCode('reason', lag.hint)]
      : lag.best_h === null ? say('lag_unknown') : say('lag_fits', { h: lag.best_h, r: figure(lag.r_best) })),
    element('li', {}, drift.commissioning === null ? say('drift_no_commissioning') : [sayCode('drift', drift.state), ' ',
      drift.gain === null ? '' : say('drift_figures', { gain: figure(drift.gain), offset: `${figure(drift.offset)} ${unit}`,
        first_gain: figure(drift.commissioning.gain), first_offset: `${figure(drift.commissioning.offset)} ${unit}` }),
      drift.since ? [' ', say('since'), ' ', moment(drift.since)] : ''])));
}

function correctedOf(record, unit) {
  const of = record.corrected;
  if (!of) return '';
  return element('section', {}, element('h2', {}, say('corrected_series', { correction: of.correction })),
    element('p', {}, element('b', {}, sayCode('verdict', of.verdict)), ': ', of.text[language()] ?? of.text.en),
    rows([[say('figure.slope'), `${figure(of.fit.slope)} ${interval(of.fit.slope_ci95)}`],
      ['r²', figure(of.fit.r2)], [say('figure.mbe'), withUnit(of.error.mbe, unit)], [say('figure.rmse'), withUnit(of.error.rmse, unit)]]));
}

// Which condition is not met, with its figures; a record of an earlier version does not say it.
function whyNothingIsProposed({ no_proposal: why }, unit) {
  const told = (value) => (Number.isInteger(value) ? value : figure(value));
  return why ? sayCode('no_proposal', why.gate, { limit: told(why.limit), achieved: told(why.achieved), unit }) : say('no_proposal');
}

function proposalOf(topic, answer, unit, context) {
  const { proposal } = answer.record;
  const refresh = (state) => {
    offered = { topic, ...state };
    context.redraw();
  };
  const accept = async (isDry) => {
    if (!await askToken()) return;
    try {
      const told = await change('/api/v1/accept-correction', isDry ? { topic, dry_run: true } : { topic });
      refresh(isDry ? { text: told.text, where: told.file } : { done: told.file });
      if (!isDry) answers.delete(topic);
    } catch (error) {
      refresh({ refusal: error.message });
    }
  };
  const state = offered?.topic === topic ? offered : {};
  return element('section', { class: 'proposal' }, element('h2', {}, say('proposal')),
    state.done ? element('p', { role: 'status', class: 'done' }, '✓ ', say('accepted', { where: state.done })) : '',
    state.refusal ? element('p', { role: 'alert', class: 'refusal' }, state.refusal) : '',
    !proposal ? element('p', {}, whyNothingIsProposed(answer.record, unit)) : [
      element('p', {}, say('proposal_text', { gain: figure(proposal.gain), offset: `${proposal.offset < 0 ? '−' : '+'} ${figure(Math.abs(proposal.offset))} ${unit}`,
        after: `${figure(proposal.expected_rmse)} ${unit}`, before: `${figure(proposal.raw_rmse)} ${unit}`, hours: proposal.basis_hours })),
      element('p', { class: 'faint' }, say('proposal_basis', { from: localMinute(milliseconds(proposal.basis_from)), to: localMinute(milliseconds(proposal.basis_to)),
        lowest: figure(proposal.lowest_raw), highest: `${figure(proposal.highest_raw)} ${unit}` })),
      state.text ? [
        element('p', {}, say('would_write', { where: state.where ?? 'conf.d' })),
        element('pre', { tabindex: 0, class: 'offered' }, state.text),
        element('p', { class: 'actions' },
          element('button', { type: 'button', onclick: () => accept(false) }, say('accept')),
          element('button', { type: 'button', class: 'second', onclick: () => refresh({}) }, say('leave_it')))]
        : state.done ? '' : element('p', { class: 'actions' }, element('button', { type: 'button', onclick: () => accept(true) }, say('show_what_is_written')))]);
}

const NOTE_KINDS = ['maintenance', 'cleaned', 'moved', 'collocation'];

// What was done to the sensor, and a new note of it, from now on as `twinsky note` takes it.
function notesOf(topic, sensor, notes, context) {
  const state = noted?.topic === topic ? noted : {};
  const send = async (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    if (!await askToken()) return;
    try {
      await change('/api/v1/note', { sensor, kind: form.get('kind'), text: form.get('text') });
      noted = { topic, done: true };
      answers.delete(topic);
    } catch (error) {
      noted = { topic, refusal: error.message };
    }
    context.redraw();
  };
  return element('section', {}, element('h2', {}, say('notes')),
    notes.length === 0 ? element('p', { class: 'nothing' }, say('no_notes')) : element('ul', {}, notes.map((note) =>
      element('li', {}, moment(note.from), ' – ', moment(note.to), ' · ', sayCode('note', note.kind), note.text ? `: ${note.text}` : ''))),
    state.done ? element('p', { role: 'status', class: 'done' }, '✓ ', say('noted')) : '',
    state.refusal ? element('p', { role: 'alert', class: 'refusal' }, state.refusal) : '',
    element('form', { class: 'actions', onsubmit: send },
      element('label', {}, say('note_kind'), ' ', element('select', { name: 'kind' }, NOTE_KINDS.map((kind) => element('option', { value: kind }, sayCode('note', kind))))),
      element('label', {}, say('note_text'), ' ', element('input', { name: 'text', maxlength: 200 })),
      element('button', { class: 'second' }, say('add_note'))));
}

export function comparisonPage(context) {
  const { now, parameters } = context;
  const title = element('h1', { tabindex: -1 }, say('comparison'));
  if (now.comparisons.length === 0) return [title, element('p', { class: 'nothing' }, say('no_comparisons'))];
  const topic = now.comparisons.some((each) => each.topic === parameters.get('topic')) ? parameters.get('topic') : now.comparisons[0].topic;
  const chosen = now.comparisons.find((each) => each.topic === topic);
  const nameOf = (each) => comparisonName(each, now.stations);
  const choice = now.comparisons.length < 2 ? '' : element('p', { class: 'choice' }, element('label', {}, say('which'), ' ',
    element('select', { onchange: (event) => context.go(query('/comparison', { topic: event.target.value })) },
      now.comparisons.map((each) => element('option', { value: each.topic, selected: each.topic === topic }, nameOf(each))))));
  if (!answers.has(topic)) {
    answers.set(topic, null);
    ask(query('/api/v1/comparison', { topic })).then((answer) => answers.set(topic, { answer }), (error) => answers.set(topic, { error })).then(context.redraw);
  }
  const kept = answers.get(topic);
  const body = () => {
    if (kept === null) return element('p', { class: 'faint' }, say('reading'));
    if (kept.error) return element('p', { class: 'refusal', role: 'alert' }, kept.error.message);
    const { answer } = kept;
    if (!answer.record) return element('p', { class: 'nothing' }, say('no_record_yet'));
    const { record } = answer;
    const unit = UNITS[record.unit] ?? record.unit;
    return [verdictOf(record), about(answer, now), proposalOf(topic, answer, unit, context), figuresOf(answer, unit),
      targetsOf(record, answer.targets, unit), behaviour(record, unit), coverageOf(record), correctedOf(record, unit),
      notesOf(topic, chosen.sensor, answer.notes ?? [], context)];
  };
  return [title, choice, element('h2', { class: 'subject' }, nameOf(chosen)), element('div', { id: 'comparison' }, body())];
}

// UCUM as people write it.
const UNITS = { 'ug/m3': 'µg/m³', 'Cel': '°C', '[ppb]': 'ppb', '[ppm]': 'ppm', 'deg': '°', 'W/m2': 'W/m²' };
