// What is in a feed, RSS 2.0 or Atom: as much of XML as feeds have, and nothing of a feed is believed.

const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
/** Entries that are looked at: a feed may have any number. */
const MOST = 50;
/** Longest text that is taken out of one. */
const LONGEST = 300;

/** The entries, the newest first as feeds have them: `{ id, title, link }`. */
export function entries(xml) {
  const found = [];
  for (const [, , inner] of xml.matchAll(/<(item|entry)(?:\s[^>]*)?>([\s\S]*?)<\/\1>/g)) {
    const title = plain(element(inner, 'title'));
    const link = plain(element(inner, 'link')) || attribute(inner, 'link', 'href');
    const id = plain(element(inner, 'guid')) || plain(element(inner, 'id')) || link;
    if (title && id && /^https:\/\/\S+$/.test(link)) found.push({ id, title, link });
    if (found.length === MOST) break;
  }
  return found;
}

const element = (inner, name) => inner.match(new RegExp(`<${name}(?:\\s[^>]*)?>([\\s\\S]*?)</${name}>`))?.[1] ?? '';
const attribute = (inner, name, key) => {
  const value = inner.match(new RegExp(`<${name}\\s[^>]*?${key}\\s*=\\s*["']([^"']*)["']`))?.[1] ?? '';
  return plain(value);
};

/** Text without marks, on one line. */
function plain(xml) {
  const text = xml
    .replace(/<!\[CDATA\[([\s\S]*?)\]\]>/g, (_, inner) => inner.replace(/&/g, '&amp;').replace(/</g, '&lt;'))
    .replace(/<[^>]*>/g, ' ')
    .replace(/&(#x?[0-9a-f]{1,6}|[a-z]{2,4});/gi, (whole, name) => {
      if (name[0] !== '#') return ENTITIES[name] ?? whole;
      const point = name[1] === 'x' ? parseInt(name.slice(2), 16) : parseInt(name.slice(1), 10);
      return point > 31 && point <= 0x10ffff ? String.fromCodePoint(point) : ' ';
    });
  return text.replace(/\s+/g, ' ').trim().slice(0, LONGEST);
}
