// SPDX-License-Identifier: Apache-2.0
// The newest lines of the log.
import { element } from './elements.js';
import { ask, query } from './gateway.js';
import { moment } from './numbers.js';
import { say, sayCode } from './words.js';

const MOST = 500;
const EVERY = 3000;
let lines = [];
let next = 0;
let timer = null;
let error = null;

export function leaveLog() {
  clearTimeout(timer);
  timer = null;
}

export function logPage(context) {
  if (timer === null) {
    const read = () => ask(query('/api/v1/log', { after: next })).then((answer) => {
      lines = [...lines, ...answer.lines].slice(-MOST);
      next = lines.at(-1)?.number ?? next;
      error = null;
    }, (refusal) => {
      error = refusal;
    }).then(() => {
      if (timer === null) return;
      timer = setTimeout(read, EVERY);
      context.redraw();
    });
    timer = setTimeout(read, 0);
  }
  return [
    element('h1', { tabindex: -1 }, say('log')),
    error ? element('p', { class: 'refusal', role: 'alert' }, error.message) : '',
    lines.length === 0 ? element('p', { class: 'nothing' }, say('no_lines')) : element('ol', { class: 'log', reversed: true }, [...lines].reverse().map((line) =>
      element('li', { class: `level-${line.level}` }, moment(line.time, 'second'), ' ', element('b', {}, sayCode('level', line.level)), ' ', element('span', {}, line.subject ? `${line.subject}: ` : '', line.message)))),
  ];
}
