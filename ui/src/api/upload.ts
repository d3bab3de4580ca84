import { Problem, readProblem, unreachable } from "./problem"
import type { UserFile } from "./types"

/// Sends a file and tells how far it is, from 0 to 1: `fetch` does not say what of a body has gone out.
export function uploadFile(file: File, path: string, progress: (share: number) => void): Promise<UserFile> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open("PUT", fileAddress(path))
    request.responseType = "json"
    request.setRequestHeader("Content-Type", file.type || "application/octet-stream")
    request.upload.onprogress = (event) => progress(event.total > 0 ? event.loaded / event.total : 0)
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) return resolve(request.response as UserFile)
      reject(readProblem(request.status, request.response))
    }
    request.onerror = () => reject(unreachable())
    request.onabort = () => reject(new Problem(0, "aborted", "The upload was stopped."))
    request.send(file)
  })
}

/// The address of an upload: each name of its path is escaped, the slashes stay.
export function fileAddress(path: string): string {
  return `/api/v1/users/me/files/${path.split("/").map(encodeURIComponent).join("/")}`
}
