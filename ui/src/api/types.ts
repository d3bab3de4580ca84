import type { components } from "./schema"

type Schemas = components["schemas"]

export type Session = Schemas["Session"]
export type SessionStatus = Schemas["SessionStatus"]
export type Step = Schemas["Step"]
export type Phase = Schemas["Phase"]
export type Template = Schemas["Template"]
export type Workspace = Schemas["Workspace"]
export type Me = Schemas["Me"]
export type User = Schemas["User"]
export type QuotaUse = Schemas["QuotaUse"]
export type Quota = Schemas["Quota"]
export type Allowance = Schemas["Allowance"]
export type Tier = Schemas["Tier"]
export type Group = Schemas["Group"]
export type Token = Schemas["Token"]
export type Login = Schemas["Login"]
export type Event = Schemas["Event"]
export type Engine = Schemas["Engine"]
export type Check = Schemas["Check"]
export type Sweep = Schemas["Sweep"]
export type Finding = Schemas["Finding"]
export type DryRun = Schemas["DryRun"]
export type Usage = Schemas["Usage"]
export type Secret = Schemas["Secret"]
export type UserFile = Schemas["UploadedFile"]
export type FileLimits = Schemas["FileLimits"]
export type Consent = Schemas["Consent"]
export type Need = Schemas["Need"]
export type Key = Schemas["Key"]
export type AuthState = Schemas["AuthState"]

/// One page of a list, as every list answers.
export interface Page<T> {
  items: T[]
  total: number
  next?: string
}

export type TemplateSpec = Schemas["TemplateSpec"]
export type Revision = Schemas["Revision"]
export type FieldProblem = Schemas["FieldProblem"]
