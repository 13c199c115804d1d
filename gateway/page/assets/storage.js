// SPDX-License-Identifier: Apache-2.0
// The store: what waits for each sink, what the ledger says is missing, the disk, how long offline.
import { element } from './elements.js';
import { ask } from './gateway.js';
import { bytes, duration, milliseconds, MINUTE, moment, number } from './numbers.js';
import { say, sayCode } from './words.js';

let kept = null;

export function leaveStore() {
  kept = null;
}

export function storePage(context) {
  const { now } = context;
  if (kept === null || performance.now() - kept.at > MINUTE) {
    kept = { at: performance.now(), answer: kept?.answer };
    ask('/api/v1/store').then((answer) => {
      kept = { at: performance.now(), answer };
      context.redraw();
    }, (error) => {
      kept = { at: performance.now(), error };
      context.redraw();
    });
  }
  const store = { ...now.store, ...kept.answer };
  const time = milliseconds(now.time);
  const days = store.offline_days;
  const sums = Object.entries(now.ledger ?? {});
  const gaps = kept.answer?.newest_gaps ?? [];
  return [
    element('h1', { tabindex: -1 }, say('store')),
    kept.error ? element('p', { class: 'refusal', role: 'alert' }, kept.error.message) : '',
    store.disk_fault ? element('p', { class: 'refusal', role: 'alert' }, '✖ ', say('disk_fault', { what: store.disk_fault })) : '',
    element('p', { class: 'headline' }, days === null || days === undefined ? say('offline_unknown') : say('offline_days', { n: number(days, days < 10 ? 1 : 0) })),
    element('table', { class: 'figures' }, element('tbody', {}, [
      ['rows', store.rows?.toLocaleString('en').replaceAll(',', ' ')], ['size', bytes(store.size_bytes)],
      ['commit', store.commit_age_ms === null ? null : say('ago', { age: duration(store.commit_age_ms) })], ['path', store.path], ['epoch', store.epoch],
    ].filter(([, value]) => value !== null && value !== undefined).map(([key, value]) =>
      element('tr', {}, element('th', { scope: 'row' }, say(`store.${key}`)), element('td', {}, value))))),
    element('section', {}, element('h2', {}, say('outbox')), now.sinks.length === 0 ? element('p', { class: 'nothing' }, say('no_sinks'))
      : element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': say('outbox') }, element('table', {},
        element('thead', {}, element('tr', {}, ['sink', 'state', 'waiting', 'oldest'].map((key) => element('th', { scope: 'col' }, say(`column.${key}`))))),
        element('tbody', {}, now.sinks.map((sink) => element('tr', {},
          element('th', { scope: 'row' }, sink.id),
          element('td', {}, element('span', { class: `badge sink-${sink.state}` }, sayCode('sink_state', sink.state)), sink.detail ? ` ${sink.detail}` : ''),
          element('td', { class: 'number' }, sink.waiting ?? '–'),
          element('td', {}, sink.oldest ? moment(sink.oldest) : '–'))))))),
    element('section', {}, element('h2', {}, say('ledger')),
      sums.length === 0 ? element('p', {}, '✓ ', say('no_gaps')) : element('table', { class: 'sums' },
        element('thead', {}, element('tr', {}, ['cause', 'count'].map((key) => element('th', { scope: 'col' }, say(`column.${key}`))))),
        element('tbody', {}, sums.map(([cause, count]) => element('tr', {}, element('th', { scope: 'row' }, sayCode('cause', cause)), element('td', {}, count))))),
      gaps.length > 0 ? element('div', { class: 'scroll tall', tabindex: 0, role: 'region', 'aria-label': say('ledger') }, element('table', {},
        element('thead', {}, element('tr', {}, ['from', 'to', 'stream', 'cause', 'count'].map((key) => element('th', { scope: 'col' }, say(`column.${key}`))))),
        element('tbody', {}, gaps.map((gap) => element('tr', {},
          element('td', {}, moment(gap.start)), element('td', {}, moment(gap.end)), element('td', { class: 'short' }, gap.stream === '*' ? say('all_streams') : gap.stream),
          element('td', { class: 'short' }, sayCode('cause', gap.cause)), element('td', { class: 'number' }, gap.estimated ? `≈ ${gap.count}` : gap.count)))))) : ''),
  ];
}
