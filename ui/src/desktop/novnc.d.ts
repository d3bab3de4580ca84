declare module "@novnc/novnc" {
  interface RFBOptions {
    shared?: boolean
    credentials?: { username?: string; password?: string; target?: string }
  }

  interface RFBEvents {
    connect: CustomEvent<object>
    disconnect: CustomEvent<{ clean: boolean }>
    clipboard: CustomEvent<{ text: string }>
    securityfailure: CustomEvent<{ status: number; reason?: string }>
    desktopname: CustomEvent<{ name: string }>
  }

  export default class RFB extends EventTarget {
    constructor(target: HTMLElement, url: string, options?: RFBOptions)
    scaleViewport: boolean
    resizeSession: boolean
    background: string
    viewOnly: boolean
    focusOnClick: boolean
    disconnect(): void
    focus(): void
    blur(): void
    sendCtrlAltDel(): void
    clipboardPasteFrom(text: string): void
    addEventListener<K extends keyof RFBEvents>(type: K, listener: (event: RFBEvents[K]) => void): void
    addEventListener(type: string, listener: EventListenerOrEventListenerObject): void
  }
}
