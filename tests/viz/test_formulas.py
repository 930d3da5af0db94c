"""Formulas of rows on a page: what stands there, read as a person reads it, has the value of the local derivative."""

import math
import re
import xml.etree.ElementTree as ElementTree

import pytest
from script import run

from engine import TABLE, parse
from engine.primitive import Notation, Primitive
from viz.pages.mathml import CLOSE, OPEN, row_formulas

ROWS = {
    row.name: row.bind(3.0 if row.name == "power" else 0.25) if row.parameter else row for row in TABLE.values()
}  # fmt: skip
ELEMENTS = {"mrow", "mi", "mn", "mo", "mfrac", "msup", "msub", "msqrt", "mroot", "mtext"}

# --- an independent reader of MathML: what is seen, from left to right, as Python ---

SIGNS = {"⋅": "*", "−": "-", "≥": ">=", "=": "=="}
FUNCTIONS = {
    **TABLE, "σ": TABLE["sigmoid"], "max": max, "min": min, "log_2": math.log2, "log_10": math.log10, "arcsin": math.asin,
    "arccos": math.acos, "arctan": math.atan, "arsinh": math.asinh, "arcosh": math.acosh, "artanh": math.atanh,
    "π": math.pi, "e": math.e, "cbrt": math.cbrt, "abs": abs,
}  # fmt: skip


def read(element):
    """A formula as Python. Nothing is put in parentheses for being in an <mrow>: that cannot be seen."""
    parts = [read(child) for child in element]
    if element.tag == "mfrac":
        return f"(({parts[0]})/({parts[1]}))"
    if element.tag == "msqrt":
        return f"sqrt({parts[0]})"
    if element.tag == "mroot":
        assert parts[1] == "3"
        return f"cbrt({parts[0]})"
    if element.tag == "msup":
        return f"{parts[0]}**({parts[1]})"
    if element.tag == "msub":
        return f"{parts[0]}_{parts[1]}"
    if element.tag in ("mrow", "math"):
        bars = [child for child in element if child.text == "|"]
        if bars:
            parts[0], parts[-1] = "abs(", ")"
        pairs = zip([None, *element], element)
        return "".join(("*" if a is not None and (a.tag, b.tag) == ("mn", "mi") else "") + part
                       for (a, b), part in zip(pairs, parts))  # fmt: skip
    assert not parts
    return SIGNS.get(element.text, element.text).replace("\u00a0", " ")


def value_of(markup):
    return float(eval(read(ElementTree.fromstring(f"<math>{markup}</math>")), {}, dict(FUNCTIONS)))


# --- the formulas, with numbers put in ---

POINTS = [(0.5, 2.0, 0.25), (-0.5, 2.0, -0.75), (2.5, -0.5, 1.5), (-2.0, -3.0, 1.0), (0.25, 0.25, 0.25), (3.0, 2.0, -2.0)]
FILL = """
const exact = x => ({text: String(x), negative: x < 0,
  math: x < 0 ? `<mrow><mo>−</mo><mn>${-x}</mn></mrow>` : `<mn>${x}</mn>`});
return GIVEN.map(({formulas, operands, result}) => {
  const words = key => exact(key === "r" ? result : operands[key]);
  const factor = (slope, level) => mathProduct("<mn>2.5</mn>", fillMath(mathFactor(slope, level), words));
  const {text} = formulas;
  return {
    value: fillMath(formulas.value, words), valueText: fillText(text.value, words),
    slopes: formulas.slopes.map(slope => fillMath(slope, words)),
    computed: formulas.computed.map(slope => fillMath(slope, words)),
    factors: formulas.slopes.map((slope, i) => factor(slope, formulas.levels[i])),
    slopeTexts: text.slopes.map(slope => fillText(slope, words)),
    factorTexts: text.slopes.map((slope, i) => "2.5·" + fillText(textFactor(slope, text.levels[i]), words)),
  };
});
"""


def inside(row, operands):
    """Whether the value and the derivatives exist there, and can be written with a point."""
    for domains in (row.domain, row.smooth):
        if row.arity and not all(x in domain for x, domain in zip(operands, domains)):
            return False
    return all(x == 0 or abs(x) > 1e-5 for x in [row(*operands)])


def cases():
    found = []
    for row in ROWS.values():
        count = row.arity or 3
        formulas = row_formulas(row, count)
        points = [point[:count] for point in [*POINTS, (1.5, 1.5, 1.5)]]
        found += [(row, point, formulas) for point in points if inside(row, point)]
    return found


def close(ours, right):
    return math.isclose(ours, right, rel_tol=1e-12, abs_tol=1e-300)


@pytest.fixture(scope="module")
def filled():
    found = cases()
    assert {row.name for row, _, _ in found} == set(TABLE)  # each row was tried somewhere
    given = [{"formulas": formulas, "operands": point, "result": row(*point)} for row, point, formulas in found]
    return list(zip(found, run("formulas.js", FILL, given)))


def test_a_formula_with_negative_numbers_in_it_reads_as_the_value(filled):
    for (row, point, _), shown in filled:
        right = row(*point)
        assert close(value_of(shown["value"]), right), (row, point, shown["value"])
        assert close(parse(shown["valueText"]).data, right), (row, point, shown["valueText"])


def test_a_slope_with_numbers_in_it_reads_as_the_local_derivative(filled):
    for (row, point, _), shown in filled:
        for i in range(len(point)):
            right = float(row.derivative(row(*point), point, i, shown=True))
            assert close(value_of(shown["slopes"][i]), right), (row, point, shown["slopes"][i])
            assert close(parse(shown["slopeTexts"][i]).data, right), (row, point, shown["slopeTexts"][i])


def test_a_slope_in_a_product_has_the_parentheses_it_needs(filled):
    for (row, point, _), shown in filled:
        for i in range(len(point)):
            right = 2.5 * float(row.derivative(row(*point), point, i, shown=True))
            assert close(value_of(shown["factors"][i]), right), (row, point, shown["factors"][i])
            assert close(parse(shown["factorTexts"][i]).data, right), (row, point, shown["factorTexts"][i])


def test_the_form_that_is_computed_reads_as_the_local_derivative_too(filled):
    rounded = {"log2", "log10"}  # 1/log(2) is shown as 1.4427
    for (row, point, _), shown in filled:
        for i in range(len(point)):
            right = float(row.derivative(row(*point), point, i))
            tolerance = 1e-5 if row.name in rounded else 1e-12
            assert math.isclose(value_of(shown["computed"][i]), right, rel_tol=tolerance, abs_tol=1e-300), (row, point)


def test_no_row_falls_back_to_its_text_and_no_element_needs_a_mathematical_font():
    for row in ROWS.values():
        formulas = row_formulas(row, row.arity or 3)
        for markup in [formulas["value"], *formulas["slopes"], *formulas["computed"]]:
            tree = ElementTree.fromstring(f"<math>{markup}</math>")
            assert {element.tag for element in tree.iter()} - {"math"} <= ELEMENTS
            assert {element.text.strip("\u00a0") for element in tree.iter("mtext")} <= {"if", "else"}, row


def test_a_row_with_latex_of_its_own_is_shown_as_its_text():
    strange = Primitive("strange", lambda x: x, lambda r, x: 1.0, notation=Notation("<{0}>", r"\langle {0} \rangle", 5, (2,)))
    place = f"{OPEN}(0){CLOSE}"
    assert row_formulas(strange, 1)["value"] == f"<mrow><mtext>&lt;</mtext>{place}<mtext>&gt;</mtext></mrow>"
    unclosed = Primitive("unclosed", lambda x: x, lambda r, x: 1.0, notation=Notation("un({0})", r"\frac{{{0}}}{{", 5))
    assert row_formulas(unclosed, 1)["value"] == f"<mrow><mtext>un(</mtext>{OPEN}0{CLOSE}<mtext>)</mtext></mrow>"


# --- what a formula is put together from ---


def js(code, given=None):
    return run("formulas.js", f"return {code};", given)


def test_names_have_subscripts_and_any_other_label_is_the_text_it_is():
    names = {
        "x": "<mi>x</mi>", "v1": "<msub><mi>v</mi><mn>1</mn></msub>", "w_12": "<msub><mi>w</mi><mn>12</mn></msub>",
        "out_h1": "<msub><mi>out</mi><mi>h1</mi></msub>", "alpha": "<mi>α</mi>", "α": "<mi>α</mi>", "total": "<mi>total</mi>",
        "alpha2": "<msub><mi>α</mi><mn>2</mn></msub>", "a<b & 'c'": "<mtext>a&#60;b\u00a0&#38;\u00a0&#39;c&#39;</mtext>",
        '"><script>': "<mtext>&#34;&#62;&#60;script&#62;</mtext>", "": "<mtext></mtext>", "1": "<mtext>1</mtext>",
    }  # fmt: skip
    assert js("GIVEN.map(name => mathName(name))", list(names)) == list(names.values())
    assert js("mathName('x', 'a\"b')") == '<mi class="a&#34;b">x</mi>'


def test_numbers_have_a_minus_sign_and_a_power_of_ten():
    two, less, small, large, power = [re.sub(' (form|[lr]space)="[^"]*"', "", markup)
                                      for markup in js("[2, -0.5, 1e-5, -2.5e20, 1e8].map(x => mathNumber(x))")]  # fmt: skip
    assert two == "<mn>2</mn>"
    assert less == "<mrow><mo>−</mo><mn>0.5</mn></mrow>"
    assert small == "<mrow><msup><mn>10</mn><mrow><mo>−</mo><mn>5</mn></mrow></msup></mrow>"
    assert large == "<mrow><mo>−</mo><mn>2.5</mn><mo>⋅</mo><msup><mn>10</mn><mn>20</mn></msup></mrow>"
    assert power == "<mrow><msup><mn>10</mn><mn>8</mn></msup></mrow>"


def test_a_power_of_ten_has_parentheses_as_a_negative_number_has():
    square = row_formulas(TABLE["power"].bind(2.0), 1)
    markup = js("fillMath(GIVEN, () => numberWords(1e-5))", square["value"])
    assert re.search(r"<msup><mrow><mo>\(</mo>.*<mo>\)</mo></mrow><mn>2</mn></msup>", markup)


def test_2_times_x_is_written_2x_as_the_engine_does():
    slope = row_formulas(TABLE["power"].bind(2.0), 1)
    code = "[fillMath(GIVEN.slopes[0], () => nameWords({0})), fillText(GIVEN.text.slopes[0], () => nameWords({0}))]"
    assert js(code.replace("{0}", "'x'"), slope) == ["<mrow><mn>2</mn><mi>x</mi></mrow>", "2x"]
    assert js(code.replace("{0}", "'x1'"), slope)[1] == "2·x1"
    assert js("fillText(GIVEN.text.slopes[0], () => numberWords(-3))", slope) == "2·(-3)"


def test_an_equation_can_wrap_before_each_equals_sign():
    whole = js("equationOf([mathPartial('f', 'x1'), mathProduct(mathNumber(2), mathHole()), mathNumber(6)])")
    formulas = whole.split(" <math")
    assert len(formulas) == 3
    tree = ElementTree.fromstring(f"<p>{whole}</p>")
    assert ["".join(formula.itertext()) for formula in tree] == ["∂f∂x1", "=2⋅?", "=6"]
