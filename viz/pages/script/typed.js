import { WORDS } from "./data.js";

// Reads a number as a reader types it: whatever the command `python -m engine` takes for x=...
// The grammar is that of engine/command/grammar.py without variables, and the refusals are in its words:
//
//     choice       comparison  [ "if"  comparison  "else"  choice ]
//     comparison   sum  [ (">" | "<")  sum ]
//     sum          product  { ("+" | "-")  product }
//     product      signed  { ("*" | "·" | "/")  signed }
//     signed       { "-" | "+" }  [ coefficient ]  power
//     power        root  [ "**"  signed  |  superscript ]
//     root         { "√" }  atom
//     atom         number  |  "pi"  |  "e"  |  name "(" choice { "," choice } ")"  |  "(" choice ")"  |  "|" choice "|"
//
// The text becomes a short program for a stack machine, which runs once the whole text has been read.

const LONGEST_NUMBER = 10000;  // characters
const DEEPEST_NUMBER = 60;  // levels of parentheses, signs, powers and choices
const SAME_SIGN = { "·": "*", "⋅": "*", "≥": ">=", "≤": "<=" };
export const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const WORD = new RegExp([
  /(?<space>[ \t\r]+)/, /(?<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)/,
  /(?<name>[A-Za-z_Α-Ωα-ω][A-Za-z_Α-Ωα-ω0-9]*)/, /(?<superscript>⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)/, /(?<sign>\*\*|[-+*·⋅/(),<>≥≤√|])/, /(?<other>.)/,
].map(part => part.source).join("|"), "gsu");

// A text that is no number; its message is a sentence.
export class Refusal extends Error {}

// The words of this name, with {0}, {1}, ... put in.
export function said(name, ...parts) {
  return WORDS.numbers[name].replace(/\{(\d)\}/g, (_, i) => parts[i]);
}

// What cannot be read, where (counted from 0 in the text), and what would be right.
export function unreadable(text, start, advice) {
  const signs = [...text], column = [...text.slice(0, start)].length + 1, most = 60;
  const from = Math.max(0, Math.min(column - 1 - most / 2, signs.length - most));
  const near = signs.slice(from, from + most).map(sign => /[\p{C}\p{Z}]/u.test(sign) && sign !== " " ? "?" : sign).join("");
  const shown = (from ? "..." : "") + near + (from + most < signs.length ? "..." : "");
  return new Refusal(said("unreadable", shown, column, advice) + (advice.endsWith("?") ? "" : "."));
}

// The words of the text, each with its kind and its place; spaces are left out, "end" comes last.
function wordsOf(text) {
  const found = [];
  for (const match of text.matchAll(WORD)) {
    const kind = Object.keys(match.groups).find(name => match.groups[name] !== undefined), sign = match[0];
    if (kind === "other") throw unreadable(text, match.index, WORDS.numbers.signs[sign] || said("otherwise"));
    if (kind === "space") continue;
    const isKeyword = sign === "if" || sign === "else", start = match.index;
    const same = Object.hasOwn(SAME_SIGN, sign) ? SAME_SIGN[sign] : sign;
    found.push({ kind: isKeyword ? "keyword" : kind, text: same, start, end: start + sign.length });
  }
  return [...found, { kind: "end", text: "", start: text.length, end: text.length }];
}

// Reads the text from left to right, with one method for each line of the grammar, and writes down what to compute.
export class NumberReader {
  constructor(text) {
    const several = [";", "=", "\n"].find(sign => text.includes(sign));
    if (several) throw unreadable(text, text.indexOf(several), said("one"));
    if (/^\s*(nan|-?inf)\s*$/i.test(text)) throw unreadable(text, 0, said("finite"));
    const length = [...text].length;
    if (length > LONGEST_NUMBER) throw unreadable(text, LONGEST_NUMBER, said("long", length, LONGEST_NUMBER));
    Object.assign(this, { text, words: wordsOf(text), place: 0, depth: 0, code: [] });
  }

  get next() { return this.words[this.place]; }
  get before() { return this.words[this.place - 1]; }

  accept(...texts) {  // the next word, read, if it is one of these signs or keywords
    const word = this.next;
    if (!["sign", "keyword"].includes(word.kind) || !texts.includes(word.text)) return null;
    this.place++;
    return word;
  }

  error(advice) { return unreadable(this.text, this.next.start, advice); }
  emit(action, word, more = {}) { this.code.push({ action, takes: 0, start: word.start, ...more }); }

  deeper(read) {
    if (++this.depth > DEEPEST_NUMBER) throw this.error(said("deep", DEEPEST_NUMBER));
    read();
    this.depth--;
  }

  program() {
    if (this.next.kind === "end") throw new Refusal(said("empty"));
    this.choice();
    if (this.next.kind !== "end") throw this.unexpected();
    return this.code;
  }

  choice() {
    this.comparison();
    const word = this.accept("if");
    if (!word) return;
    this.comparison();
    if (!this.accept("else")) throw this.error(said("twoSides"));
    this.deeper(() => this.choice());
    this.emit("if", word, { takes: 3 });
  }

  comparison() {
    this.sum();
    const sign = this.accept(">", "<", ">=", "<=");
    if (!sign) return;
    this.sum();
    this.emit(sign.text, sign, { takes: 2 });
  }

  sum() { this.chain(["+", "-"], () => this.product()); }
  product() { this.chain(["*", "/"], sign => this.signed(sign)); }

  chain(signs, read) {  // operands with one of these signs between them, computed from left to right
    read("");
    for (let sign = this.accept(...signs); sign; sign = this.accept(...signs)) {
      read(sign.text);
      this.emit(sign.text, sign, { takes: 2 });
    }
  }

  signed(after) {  // the sign binds less tightly than a power: -3**2 is -(3**2)
    this.deeper(() => {
      const sign = this.accept("-", "+");
      if (sign) this.signed(after);
      else if (this.hasCoefficient()) this.coefficient(after);
      else this.power();
      if (sign && sign.text === "-") this.emit("negative", sign, { takes: 1 });
    });
  }

  hasCoefficient() {  // a number touches a name of letters here, as in 2pi; not in 2sin(x), where a star is asked for
    const number = this.next, name = this.words[this.place + 1];
    return /^[0-9]+(\.[0-9]+)?$/.test(number.text) && name.kind === "name" && /^\p{L}+$/u.test(name.text) &&
      number.end === name.start && this.words[this.place + 2].text !== "(";
  }

  coefficient(after) {
    const number = this.next, name = this.words[this.place + 1];
    if (after === "/" || after === "**") throw this.error(said("twoWays", after, number.text, name.text));
    this.place++;
    this.emit("number", number, { number: Number(number.text) });
    this.power();
    this.emit("*", name, { takes: 2 });
  }

  power() {
    const first = this.next;
    this.root();
    const exponent = this.next;
    if (exponent.kind !== "superscript" && exponent.text !== "**") return;
    if (first.text === "√") throw this.error(said("rootOfPower"));
    this.place++;
    if (exponent.kind === "superscript") this.emit("number", exponent, { number: lowered(exponent.text) });
    else this.signed("**");  // from right to left: 2**3**2 is 2**(3**2)
    this.emit("**", exponent, { takes: 2 });
  }

  root() {
    const signs = [];
    for (let sign = this.accept("√"); sign; sign = this.accept("√")) signs.push(sign);
    this.atom();
    for (const sign of signs.reverse()) this.emit("√", sign, { takes: 1 });
  }

  atom() {
    const word = this.next;
    this.place++;
    if (word.kind === "number") this.emit("number", word, { number: Number(word.text) });
    else if (word.kind === "name" && this.accept("(")) this.call(word);
    else if (word.kind === "name") this.emit("name", word, { name: word.text });
    else if (word.kind === "sign" && word.text === "(") this.enclosed(word, ")");
    else if (word.kind === "sign" && word.text === "|") {
      this.enclosed(word, "|");
      this.emit("absolute", word, { takes: 1 });
    } else {
      this.place--;
      throw this.error(word.kind === "end" ? said("missing") : said("belongs", word.text));
    }
  }

  enclosed(opening, sign) {
    this.choice();
    this.close(opening, sign);
  }

  close(opening, sign) {
    if (this.accept(sign)) return;
    const column = [...this.text.slice(0, opening.start)].length + 1;
    throw this.next.kind === "end" ? this.error(said("open", sign === "|" ? "|" : "(", column)) : this.unexpected();
  }

  call(name) {
    let takes = 0;
    if (this.next.text !== ")") do { this.choice(); takes++; } while (this.accept(","));
    this.close(name, ")");
    this.emit("call", name, { takes, name: name.text });
  }

  unexpected() {  // after what stands before it, the next word cannot follow
    const { before, next } = this, after = this.words[this.place + 1];
    if (next.text === "," && before.kind === "number" && after.kind === "number") {
      const written = sign => `${this.text.slice(0, next.start).trimEnd()}${sign}${this.text.slice(next.end).trimStart()}`.trim();
      return new Refusal(said(/^[0-9]{3}$/.test(after.text) ? "thousands" : "comma", written("."), written("")));
    }
    if (next.text === ")") return this.error(said("closesNothing"));
    if ([">", "<", ">=", "<="].includes(next.text)) return this.error(said("compare"));
    if (next.text === "else") return this.error(said("noIf"));
    if (WORDS.numbers.functions.includes(before.text)) return this.error(said("functionOf", before.text, next.text));
    if (next.kind === "superscript" || next.text === "**") return this.error(said("powerOfPower"));
    if (next.text === "|") return this.error(said("bar", before.text));
    if (["number", "name"].includes(next.kind) || ["(", "√"].includes(next.text)) {
      const base = before.kind === "superscript" ? this.words[this.place - 2].text : "";
      return this.error(said("star", base + before.text, next.text));
    }
    return this.error(said("otherwise"));
  }
}

// A whole number from raised digits: ⁻¹ is -1.
function lowered(text) {
  return Number([...text].map(sign => (sign === "⁻" ? "-" : RAISED.indexOf(sign))).join(""));
}
