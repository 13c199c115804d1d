// SPDX-License-Identifier: Apache-2.0
// The configuration: each value with where it comes from, problems in place; edited and checked
// before it is applied, where that is allowed.
import { element } from './elements.js';
import { ask, change } from './gateway.js';
import { askToken } from './token.js';
import { say } from './words.js';

let kept = null;
let told = null;  // what the last check or change said

export function leaveConfiguration() {
  kept = null;
  told = null;
}

const placeOf = (problem) => [problem.line ? say('line_column', { line: problem.line, column: problem.column ?? 1 }) : '', problem.pointer].filter(Boolean).join(' · ');

const problemList = (problems) => element('ul', { class: 'problems' }, problems.map((problem) => element('li', { class: 'error' },
  placeOf(problem) ? [element('code', {}, placeOf(problem)), ' '] : '', problem.message,
  problem.suggestion ? [' ', say('did_you_mean', { word: problem.suggestion })] : '')));

function outcome() {
  if (told === null) return '';
  if (told.refusal) return element('p', { class: 'refusal' }, '✖ ', told.refusal);
  if (told.problems.length > 0) return [element('p', { class: 'refusal' }, '✖ ', say(told.isApplied ? 'refused_unchanged' : 'has_problems')), problemList(told.problems)];
  return [element('p', { class: 'done' }, '✓ ', told.isApplied ? say('applied', { where: told.file }) : say('is_good')),
    (told.notes ?? []).map((note) => element('p', { class: 'faint' }, typeof note === 'string' ? note : note.message))];
}

function editor({ file, text, allowed = [], is_possible: isPossible, why_not: whyNot }, context) {
  if (!isPossible) return element('p', { class: 'faint' }, say('changes_not_allowed'), ' ', whyNot ?? '');
  const send = async (isApplied) => {
    if (!await askToken()) return;
    try {
      const said = await change(isApplied ? '/api/v1/config' : '/api/v1/check', { text: document.getElementById('editable').value });
      told = { problems: said.problems ?? [], notes: said.notes, isApplied, file: said.file ?? file };
    } catch (error) {
      told = error.problems.length > 0 ? { problems: error.problems, isApplied } : { problems: [], refusal: error.message };
    }
    context.redraw();
  };
  return element('section', {}, element('h2', {}, say('edit')),
    element('p', {}, say('edit_explained', { where: file })),
    element('p', { class: 'faint' }, say('edit_allowed'), ' ', allowed.map((each, at) => [at > 0 ? ', ' : '', element('code', {}, each)])),
    element('label', { for: 'editable' }, say('edit_label')),
    element('textarea', { id: 'editable', rows: 12, spellcheck: 'false', placeholder: '{}', 'aria-describedby': 'told' }, text),
    element('p', { class: 'actions' },
      element('button', { type: 'button', id: 'check', class: 'second', onclick: () => send(false) }, say('check')),
      element('button', { type: 'button', id: 'apply', onclick: () => send(true) }, say('apply'))),
    element('div', { id: 'told', role: 'status' }, outcome()));
}

export function configurationPage(context) {
  if (kept === null) {
    kept = {};
    ask('/api/v1/config').then((answer) => {
      kept = { answer };
    }, (error) => {
      kept = { error };
    }).then(context.redraw);
  }
  const title = element('h1', { tabindex: -1 }, say('configuration'));
  if (kept.error) return [title, element('p', { class: 'refusal', role: 'alert' }, kept.error.message)];
  if (!kept.answer) return [title, element('p', { class: 'faint' }, say('reading'))];
  const values = kept.answer.values ?? [];
  // The gateway's own warnings of its configuration stand at the value that they are of.
  const warnings = context.now.problems.filter((problem) => problem.code === 'configuration');
  const at = (pointer) => warnings.filter((warning) => warning.about === pointer);
  // What somebody has written, or is warned of, stands first.
  const isSet = (value) => value.origin !== 'default' || at(value.pointer).length > 0;
  const [set, rest] = [values.filter(isSet), values.filter((value) => !isSet(value))];
  const table = (some) => element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': say('values') }, element('table', { class: 'settings' },
    element('thead', {}, element('tr', {}, ['setting', 'value', 'origin'].map((key) => element('th', { scope: 'col' }, say(`column.${key}`))))),
    element('tbody', {}, some.map((value) => element('tr', {},
      element('th', { scope: 'row' }, element('code', {}, value.pointer)),
      element('td', {}, typeof value.value === 'string' ? value.value : value.value === null ? '–' : JSON.stringify(value.value),
        at(value.pointer).map((warning) => element('p', { class: 'refusal' }, '⚠ ', warning.text))),
      element('td', { class: 'faint' }, value.origin === 'default' ? say('default') : value.origin))))));
  const pointers = new Set(values.map((value) => value.pointer));
  return [
    title,
    warnings.length === 0 ? element('p', {}, '✓ ', say('is_good'))
      : element('ul', {}, warnings.filter((warning) => !pointers.has(warning.about)).map((warning) => element('li', {}, warning.text))),
    kept.answer.editable ? editor(kept.answer.editable, context) : '',
    values.length === 0 ? '' : element('section', {}, element('h2', {}, say('values')),
      table(set),
      rest.length === 0 ? '' : element('details', {}, element('summary', {}, say('more_defaults', { n: rest.length })), table(rest))),
  ];
}
