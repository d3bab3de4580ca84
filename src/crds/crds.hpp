#pragma once

#include <string>

/// What `berth crds` writes: the same text for the same program, for people to read in a diff.
namespace berth::crds {

/// The definitions as YAML documents: `deploy/chart/crds/berth.yaml`.
std::string definitions_text();

/// The admission policy and its binding: `deploy/chart/templates/admission.yaml`. It has no `{{`.
std::string policies_text();

/// The Markdown reference: `docs/custom-resources.md`.
std::string reference_text();

}  // namespace berth::crds
