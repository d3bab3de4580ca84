/// The page's policy refuses style elements and style attributes that scripts fill; xterm fills both. It gets the
/// permitted forms of the same things: a constructed style sheet for an element, the element's style object for an
/// attribute. Nothing here loosens the policy.

let installed = false

/// Once, before the first terminal; holds for as long as the page lives.
export function permitStyles(page: Document = document) {
  if (installed) return
  installed = true
  const make = page.createElement.bind(page)
  const permitted = (name: string, options?: ElementCreationOptions) =>
    name === "style" ? backed(make("template"), page) : make(name, options)
  page.createElement = permitted as typeof page.createElement
  HTMLSpanElement.prototype.setAttribute = function (name: string, value: string) {
    if (name === "style") this.style.cssText = value
    else Element.prototype.setAttribute.call(this, name, value)
  }
}

/// Even an empty style element is refused, so what stands in the page is one that shows nothing.
function backed(element: HTMLElement, page: Document): HTMLElement {
  const sheet = new CSSStyleSheet()
  let text = ""
  page.adoptedStyleSheets.push(sheet)
  Object.defineProperty(element, "textContent", {
    get: () => text,
    set(value: string) {
      text = value
      sheet.replaceSync(value)
    },
  })
  const remove = element.remove.bind(element)
  element.remove = () => {
    page.adoptedStyleSheets = page.adoptedStyleSheets.filter((s) => s !== sheet)
    remove()
  }
  return element
}
