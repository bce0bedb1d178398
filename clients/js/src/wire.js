/** A position: the epoch is a topic's life, the offset counts within it. */
export function parse(position) {
  const [epoch, offset] = position.split('-');
  return { epoch, offset: Number(offset) };
}

export const format = ({ epoch, offset }) => `${epoch}-${offset}`;

export const toBytes = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

export function toBase64(bytes) {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
