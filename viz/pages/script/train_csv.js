// Points from pasted text: x1, x2 and a class in each line, separated by commas, semicolons, tabs or spaces.

import { phrase } from "./train_dom.js";

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

// {points} or {error}: one sentence with the line's number. Nothing of a text with a mistake is taken.
export function readPoints(text, sentences, most) {
  const points = [];
  let first = true;
  for (const [i, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim().replace(/\u2212/g, "-");
    if (!line) continue;
    const heading = first && !/\d/.test(line.replace(/x[12]/gi, ""));
    first = false;
    if (heading) continue;
    const { point, error } = readLine(line, sentences);
    if (error) return { error: phrase(sentences.line, { line: i + 1, error }) };
    points.push(point);
  }
  if (!points.length) return { error: sentences.empty };
  if (points.length > most) return { error: phrase(sentences.many, { count: points.length, most }) };
  return { points };
}

function readLine(line, sentences) {
  const parts = columnsOf(line);
  const comma = parts.find(part => /^[+-]?\d*,\d+$/.test(part)) || (parts.length > 3 && line.match(/^[+-]?\d+,\d+/)?.[0]);
  if (comma) return { error: phrase(sentences.comma, { wrong: comma, right: comma.replace(",", ".") }) };
  if (parts.length !== 3) return { error: phrase(sentences.columns, { count: parts.length, text: line.slice(0, 40) }) };
  const wrong = parts.slice(0, 2).find(part => !NUMBER.test(part) || Math.abs(Number(part)) > 1e6);
  if (wrong !== undefined) return { error: phrase(sentences.number, { text: wrong.slice(0, 40) }) };
  const kind = NUMBER.test(parts[2]) ? { "1": 1, "0": 0, "-1": 0 }[String(Number(parts[2]))] : undefined;
  if (kind === undefined) return { error: phrase(sentences.kind, { text: parts[2].slice(0, 40) }) };
  return { point: [Number(parts[0]), Number(parts[1]), kind] };
}

// A semicolon or a tab separates where there is one; then a comma; then spaces.
function columnsOf(line) {
  const sign = [";", "\t", ","].find(mark => line.includes(mark));
  return sign ? line.split(sign).map(part => part.trim()) : line.split(/\s+/);
}
