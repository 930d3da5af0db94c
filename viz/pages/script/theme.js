// Light or dark: as the system has it, until the reader chooses. The colours themselves are in the style sheet.

export function changeTheme() {
  const { dataset } = document.documentElement, system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  dataset.theme = (dataset.theme ?? system) === "dark" ? "light" : "dark";
}
