// SPDX-License-Identifier: Apache-2.0
// Numbers and times as people read them: the gateway's own time, with UTC beside it on hover.
import { element } from './elements.js';
import { say } from './words.js';

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

let offset = 0;  // of the gateway's zone
let today = '';  // there
export function setClock({ time, gateway }) {
  offset = (gateway.utc_offset_s ?? 0) * SECOND;
  today = localDay(milliseconds(time));
}
export const zoneOffset = () => offset;

// "–" where there is none: absent is never 0.
export function number(value, decimals = 1) {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  return value.toFixed(decimals).replace(/^-(?=0(\.0*)?$)/, '').replace('-', '−');
}

// What an agency prints of a value that it has not, "-" or "*", says no more than our own dash.
export const isAbsent = ({ value, text }) => value === null && !/[\p{L}\p{N}]/u.test(text ?? '');
export const textOf = (reading) => (isAbsent(reading) ? '–' : reading.text || number(reading.value, reading.decimals));

// With as many digits as its size asks for.
export function figure(value, digits = 3) {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  const size = Math.abs(value) >= 1 ? Math.floor(Math.log10(Math.abs(value))) + 1 : 0;
  return number(value, Math.max(0, digits - Math.max(size, 1)));
}

export function bytes(value) {
  if (value === null || value === undefined) return '–';
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let at = 0;
  for (; value >= 1000 && at < units.length - 1; ++at) value /= 1000;
  return `${number(value, at === 0 || value >= 100 ? 0 : 1)} ${units[at]}`;
}

export function duration(ms) {
  if (ms === null || ms === undefined) return '–';
  const at = Math.max(0, ms);
  if (at < MINUTE) return say('seconds', { n: Math.round(at / SECOND) });
  if (at < HOUR) return say('minutes', { n: Math.floor(at / MINUTE) });
  if (at < 2 * DAY) return say('hours', { n: Math.floor(at / HOUR) });
  return say('days', { n: Math.floor(at / DAY) });
}

export const milliseconds = (time) => (typeof time === 'number' ? time : Date.parse(time));

const local = (ms) => new Date(ms + offset).toISOString();

export const localDay = (ms) => local(ms).slice(0, 10);
export const localMinute = (ms) => `${local(ms).slice(0, 10)} ${local(ms).slice(11, 16)}`;
export const utcText = (ms) => `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

// A moment: of today only the time of day.
export function moment(time, to = 'minute') {
  if (time === null || time === undefined) return '–';
  const ms = milliseconds(time);
  const ofDay = local(ms).slice(11, to === 'second' ? 19 : 16);
  const text = localDay(ms) === today ? ofDay : `${localDay(ms)} ${ofDay}`;
  return element('time', { datetime: new Date(ms).toISOString(), title: utcText(ms) }, text);
}
