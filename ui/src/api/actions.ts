import { call, client, deleteAt } from "./client"
import type { Group, Login, Quota, Secret, Session, Template, Tier, Token, User, Workspace } from "./types"
import { fileAddress } from "./upload"

const V = "/api/v1"
const at = (id: string) => ({ params: { path: { id } } })

export interface Launch {
  template: string
  name?: string
  workspace?: string
  /// What of one's own the template may have from now on.
  consent?: string[]
}

/// `key` stays the same for one filled form, so a second click or a repeated request launches nothing twice.
export const launch = (body: Launch, key: string) =>
  call(client.POST(`${V}/sessions`, { body, params: { header: { "Idempotency-Key": key } } }))

export const wake = (s: Session) => call(client.POST(`${V}/sessions/{id}/wake`, at(s.id)))
export const freeze = (s: Session) => call(client.POST(`${V}/sessions/{id}/freeze`, at(s.id)))
export const hibernate = (s: Session) => call(client.POST(`${V}/sessions/{id}/hibernate`, at(s.id)))
export const restart = (s: Session) => call(client.POST(`${V}/sessions/{id}/restart`, at(s.id)))
export const extend = (s: Session) => call(client.POST(`${V}/sessions/{id}/extend`, at(s.id)))
export const deleteSession = (s: Session) => call(client.DELETE(`${V}/sessions/{id}`, at(s.id)))
export const renameSession = (s: Session, name: string) =>
  call(client.PATCH(`${V}/sessions/{id}`, { ...at(s.id), body: { name } }))

export const renameWorkspace = (w: Workspace, name: string) =>
  call(client.PATCH(`${V}/workspaces/{id}`, { ...at(w.id), body: { name } }))
export const deleteWorkspace = (w: Workspace) => call(client.DELETE(`${V}/workspaces/{id}`, at(w.id)))

export const prepareTemplate = (t: Template) =>
  call(client.POST(`${V}/templates/{name}/prepare`, { params: { path: { name: t.name } } }))
export const dryRunTemplate = (name: string, yaml: string) =>
  call(client.POST(`${V}/templates/{name}/dry-run`, { params: { path: { name } }, body: { yaml } }))
export const createTemplate = (yaml: string) => call(client.POST(`${V}/templates`, { body: { yaml } }))
export const saveTemplate = (name: string, yaml: string) =>
  call(client.PUT(`${V}/templates/{name}`, { params: { path: { name } }, body: { yaml } }))
export const deleteTemplate = (name: string) =>
  call(client.DELETE(`${V}/templates/{name}`, { params: { path: { name } } }))

export const saveProfile = (body: { displayName?: string; password?: { current?: string; new: string } }) =>
  call(client.PATCH(`${V}/users/me`, { body }))
export const createToken = (body: { name: string; scope: Token["scope"]; expiresIn?: string }) =>
  call(client.POST(`${V}/users/me/tokens`, { body }))
export const deleteToken = (t: Token) => call(client.DELETE(`${V}/users/me/tokens/{id}`, at(t.id)))
export const endLogin = (l: Login) => call(client.DELETE(`${V}/users/me/logins/{id}`, at(l.id)))

export const putSecret = (name: string, value: string) =>
  call(client.PUT(`${V}/users/me/secrets/{name}`, { params: { path: { name } }, body: { value } }))
export const deleteSecret = (s: Secret) =>
  call(client.DELETE(`${V}/users/me/secrets/{name}`, { params: { path: { name: s.name } } }))
export const deleteUpload = (path: string) => call(deleteAt(fileAddress(path)))
export const withdrawConsent = (template: string) =>
  call(client.DELETE(`${V}/users/me/consents/{template}`, { params: { path: { template } } }))
export const rotateKeys = () => call(client.POST(`${V}/admin/keys/rotate`))

export const addUser = (body: { name: string; displayName?: string; email?: string; role?: User["role"] }) =>
  call(client.POST(`${V}/users`, { body }))
export const changeUser = (u: User, body: { role?: User["role"]; active?: boolean; tier?: string }) =>
  call(client.PATCH(`${V}/users/{id}`, { ...at(u.id), body }))
export const deactivateUser = (u: User) => call(client.DELETE(`${V}/users/{id}`, at(u.id)))
export const signInLink = (u: User) => call(client.POST(`${V}/users/{id}/sign-in-link`, at(u.id)))

const named = (name: string) => ({ params: { path: { name } } })
export const addTier = (body: { name: string; quota: Quota }) => call(client.POST(`${V}/tiers`, { body }))
export const changeTier = (t: Tier, quota: Quota) =>
  call(client.PATCH(`${V}/tiers/{name}`, { ...named(t.name), body: { quota } }))
export const deleteTier = (t: Tier) => call(client.DELETE(`${V}/tiers/{name}`, named(t.name)))

interface GroupBody {
  description: string
  tier: string
  quota: Quota
}
export const addGroup = (body: GroupBody & { name: string }) => call(client.POST(`${V}/groups`, { body }))
export const changeGroup = (g: Group, body: GroupBody) =>
  call(client.PATCH(`${V}/groups/{id}`, { ...at(g.id), body }))
export const deleteGroup = (g: Group) => call(client.DELETE(`${V}/groups/{id}`, at(g.id)))
export const joinGroup = (g: Group, user: string) =>
  call(client.PUT(`${V}/groups/{id}/members/{user}`, { params: { path: { id: g.id, user } } }))
export const leaveGroup = (g: Group, user: string) =>
  call(client.DELETE(`${V}/groups/{id}/members/{user}`, { params: { path: { id: g.id, user } } }))

export const checkEngines = () => call(client.POST(`${V}/engines/check`))

export const askSweep = () =>
  call(client.POST(`${V}/admin/sweep`, { params: { query: { findings: false } } }))

export const signIn = (name: string, password: string) =>
  call(client.POST("/auth/login", { body: { name, password } }))
export const signOut = () => call(client.POST("/auth/logout"))
export const redeemTicket = (body: { ticket: string; name?: string; password?: string }) =>
  call(client.POST("/auth/ticket", { body }))
