// SPDX-License-Identifier: Apache-2.0
// Asks for the token where something is to be changed, once.
import { element } from './elements.js';
import { hasToken, setToken } from './gateway.js';
import { say } from './words.js';

export function askToken() {
  if (hasToken()) return Promise.resolve(true);
  return new Promise((resolve) => {
    const field = element('input', { type: 'password', id: 'token', autocomplete: 'off', required: true });
    const dialog = element('dialog', { 'aria-labelledby': 'token-title' },
      element('form', { method: 'dialog' },
        element('h2', { id: 'token-title' }, say('token_wanted')),
        element('p', {}, say('token_explained')),
        element('p', {}, element('label', { for: 'token' }, say('token'), ' '), field),
        element('p', { class: 'actions' }, element('button', { value: 'yes' }, say('use_token')),
          element('button', { value: 'no', class: 'second', formnovalidate: true }, say('leave_it')))));
    document.body.append(dialog);
    dialog.addEventListener('close', () => {
      if (dialog.returnValue === 'yes') setToken(field.value);
      dialog.remove();
      resolve(hasToken());
    });
    dialog.showModal();
  });
}
