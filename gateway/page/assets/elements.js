// SPDX-License-Identifier: Apache-2.0
// Elements out of values, and a page brought up to date without losing focus or scrolling.

const SVG = 'http://www.w3.org/2000/svg';
const HANDLERS = ['onclick', 'onchange', 'oninput', 'onsubmit', 'onkeydown'];

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (HANDLERS.includes(name) || name === 'value') node[name] = value;
    else if (name === 'style') Object.assign(node.style, value);  // as an attribute the policy forbids it
    else node.setAttribute(name, value === true ? '' : value);
  }
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false && child !== '') node.append(child);
  }
  return node;
}

export const element = (tag, attributes, ...children) =>
  fill(document.createElement(tag), attributes, children);

export const shape = (tag, attributes, ...children) =>
  fill(document.createElementNS(SVG, tag), attributes, children);

// Makes `old` like `fresh`, in place. What stands in an element with data-kept belongs to whoever
// put it there (a chart), as long as data-kept says the same; a field that is being edited keeps what was typed.
export function update(old, fresh) {
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName || old.id !== fresh.id) {
    old.replaceWith(fresh);
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  if (old.dataset?.kept && old.dataset.kept === fresh.dataset.kept) return;
  if (old.dataset?.kept !== fresh.dataset?.kept) {
    old.replaceWith(fresh);
    return;
  }
  for (const { name } of [...old.attributes]) {
    const isOpenByHand = name === 'open' && old.nodeName === 'DETAILS';
    if (name !== 'style' && !isOpenByHand && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (name !== 'style' && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  if (old.style && old.style.cssText !== fresh.style.cssText) old.style.cssText = fresh.style.cssText;
  for (const handler of HANDLERS) old[handler] = fresh[handler];
  if (old.nodeName === 'TEXTAREA' || old.nodeName === 'INPUT') return;
  const before = [...old.childNodes];
  const after = [...fresh.childNodes];
  after.forEach((child, at) => {
    if (before[at]) update(before[at], child);
    else old.append(child);
  });
  for (const child of before.slice(after.length)) child.remove();
  if (old.nodeName === 'SELECT' && old.value !== fresh.value) old.value = fresh.value;
}
