// mdBook's search, with another way to find: words as they stand on the page, also in the middle of code. mdBook's own index has only what stands between spaces, so `error[E0277]:` was one word to it.
"use strict";
(() => {
if (!window.elasticlunr || !window.Mark) return;

// How well a field matches: the whole word, the beginning of a word, the middle of one, the beginning of another form of it.
const [WHOLE, BEGIN, INSIDE, FORM] = [20, 8, 3, 2];
// What a match is worth in each field; a title that is what was asked for comes first of all.
const FIELDS = { title: 10, breadcrumbs: 1, body: 1 };
const EXACT = 1000;
// Shorter words occur in the middle of too many others.
const SHORTEST = 3;
const AROUND = [60, 400];

const isLetter = (c) => c !== undefined && /[\p{L}\p{N}]/u.test(c);
const isWord = (c) => c === "_" || isLetter(c);

// The best match of a word in a text, and where it is; several whole words are a little more.
function match(text, word) {
  let [best, place, count] = [0, -1, 0];
  const better = (worth, at) => { if (worth > best) [best, place] = [worth, at]; };
  for (let at = text.indexOf(word); at >= 0 && count < 5; at = text.indexOf(word, at + word.length)) {
    const after = text[at + word.length];
    if (!isWord(text[at - 1]) && !isWord(after)) {
      count++;
      better(WHOLE, at);
    } else if (!isLetter(text[at - 1])) better(BEGIN, at);
    else if (word.length >= SHORTEST) better(INSIDE, at);
  }
  if (!best) {
    const stem = elasticlunr.stemmer(word);
    for (let at = stem.length < SHORTEST ? -1 : text.indexOf(stem); at >= 0 && !best; at = text.indexOf(stem, at + 1)) {
      if (!isLetter(text[at - 1])) better(FORM, at);
    }
  }
  return { worth: best && best + count, place };
}

// The sections of the book, in small letters; made when the first search begins.
const sections = new WeakMap();

function sectionsOf(store) {
  if (!sections.has(store)) {
    const fields = (doc) => Object.keys(FIELDS).map((field) => [field, doc[field].toLowerCase()]);
    sections.set(store, Object.entries(store.docs).map(([ref, doc]) => ({ ref, doc, fields: fields(doc) })));
  }
  return sections.get(store);
}

elasticlunr.Index.prototype.search = function search(query) {
  const asked = query.trim().toLowerCase();
  const words = asked.split(/\s+/);
  const found = [];
  for (const { ref, doc, fields } of sectionsOf(this.documentStore)) {
    let [score, hits, place] = [0, 0, -1];
    for (const word of words) {
      let worth = 0;
      for (const [field, text] of fields) {
        const matched = match(text, word);
        worth += matched.worth * FIELDS[field];
        if (field === "body" && place < 0) place = matched.place;
      }
      score += worth;
      hits += worth > 0;
    }
    if (!hits) continue;
    const [[, title], [, path], [, body]] = fields;
    // The number of an exercise is no part of its title. A chapter of that name comes before a section.
    if (title.replace(/^[\d.]+ /, "") === asked) score += EXACT + (path === `${asked} » ${asked}` ? EXACT : 0);
    else if (words.length > 1 && (title.includes(asked) || body.includes(asked))) score += WHOLE;
    found.push({ ref, doc, score, hits, place });
  }
  // Sections that have all words, if there are any; otherwise those that have the most.
  const most = Math.max(0, ...found.map(({ hits }) => hits));
  const best = found.filter(({ hits }) => hits === most).sort((one, other) => other.score - one.score || one.ref - other.ref);
  return best.map(({ ref, doc, score, place }) => ({ ref, score, doc: { ...doc, body: around(doc.body, place) } }));
};

// The words around a place, so that what mdBook shows of a section has what was found.
function around(body, place) {
  const begin = Math.max(0, place - AROUND[0]);
  const from = begin && body.indexOf(" ", begin) + 1;
  return body.slice(Math.min(from, Math.max(place, 0)), Math.max(place, 0) + AROUND[1]).replace(/\s+/g, " ");
}

// mdBook marks whole words only.
const results = document.getElementById("mdbook-searchresults");
const field = document.getElementById("mdbook-searchbar");
new MutationObserver(() => {
  for (const teaser of results.querySelectorAll(".teaser")) new Mark(teaser).mark(field.value.trim(), { element: "em", exclude: ["em"] });
}).observe(results, { childList: true });
})();
