// Search runs in a worker, which browsers refuse to pages opened from a folder. There, a hidden frame does a worker's job.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super()
      const waiting = []
      this.postMessage = data => waiting.push(data)
      const frame = document.createElement("iframe")
      frame.hidden = true
      document.body.append(frame)
      const inside = frame.contentWindow
      // Called by the worker's script with what it found.
      inside.postMessage = data => {
        const event = new MessageEvent("message", { data })
        this.dispatchEvent(event)
        this.onmessage?.(event)
      }
      inside.importScripts = (...scripts) => Promise.all(scripts.map(script => load(inside.document, script)))
      load(inside.document, url).then(() => {
        this.postMessage = data => inside.dispatchEvent(new MessageEvent("message", { data }))
        waiting.forEach(this.postMessage)
      })
      this.terminate = () => frame.remove()
    }
  }
  const load = (page, source) => new Promise((done, failed) => {
    const script = page.createElement("script")
    script.src = new URL(source, location.href).href
    script.onload = done
    script.onerror = failed
    page.body.append(script)
  })
}
