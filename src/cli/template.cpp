#include <fmt/format.h>

#include <fstream>
#include <ostream>
#include <sstream>

#include "base/yaml.hpp"
#include "cli/run.hpp"
#include "cli/starter.hpp"
#include "cli/steps.hpp"
#include "cli/text_width.hpp"
#include "cli/time_text.hpp"
#include "cli/views.hpp"

namespace berth::cli {
namespace {

constexpr std::size_t text_limit = 1 << 20;

struct Said {
    std::string name, image, category;
    std::vector<std::string> names, files;
    int port = 0, revision = 0;
    bool yes = false;
};

std::string template_path(const std::string& name) {
    return "/templates/" + segment(name);
}

std::string image_text(const TemplateView& one) {
    if (!one.image) return {};
    if (one.image->state == "pulling" && one.image->progress)
        return fmt::format("pulling {:.0f} %", *one.image->progress * 100);
    return one.image->state;
}

int list_templates(Run& run, const std::string& category) {
    const auto path =
        category.empty() ? "/templates?sort=name" : "/templates?sort=name&category=" + segment(category);
    const auto found = run.client().list(path);
    const auto format = run.format();
    if (write_as_data(run, format, found)) return 0;
    const auto templates = json::from_json<std::vector<TemplateView>>(found.at("items"));
    if (templates.empty()) {
        run.console.err << "no templates; make one with: berth templates new --image IMAGE\n";
        return 0;
    }
    Table table{{"NAME", "CATEGORY", "REVISION", "IMAGE", "DESCRIPTION"}, {}};
    if (format == Format::wide) table.columns.insert(table.columns.end(), {"TITLE", "CHANGED", "IMAGES"});
    for (const auto& one : templates) {
        std::vector<Cell> row{one.name, one.category, std::to_string(one.revision),
                              Cell(image_text(one), one.image ? state_paint(one.image->state) : ""),
                              one.description};
        if (format == Format::wide) {
            std::string images;
            if (const auto* components = one.spec.if_contains("components");
                components != nullptr && components->is_array())
                for (const auto& component : components->get_array())
                    if (const auto* entries = component.if_object();
                        entries != nullptr && entries->contains("image"))
                        images += (images.empty() ? "" : ", ") + amount_text(entries->at("image"));
            row.insert(row.end(), {one.display_name,
                                   one.updated_at ? relative_text(*one.updated_at, run.now()) : "", images});
        }
        table.rows.push_back(std::move(row));
    }
    run.console.out << render(table, run.colour());
    return 0;
}

/// The document that `apply` takes back.
json::object document_of(const std::string& name, const json::value& spec) {
    return {{"apiVersion", "berth.dev/v1alpha1"},
            {"kind", "Template"},
            {"metadata", {{"name", name}}},
            {"spec", spec}};
}

int show_template(Run& run, const Said& said) {
    auto path = template_path(said.name);
    if (said.revision > 0) path += fmt::format("/revisions/{}", said.revision);
    const auto found = run.client().get(path);
    const auto* spec = found.as_object().if_contains("spec");
    const auto document = document_of(said.name, spec == nullptr ? json::value() : *spec);
    const auto format = run.format(Format::yaml);
    if (format == Format::name)
        run.console.out << printable(said.name) << "\n";
    else
        write_as_data(run, format == Format::json ? Format::json : Format::yaml, document);
    return 0;
}

struct Document {
    std::string file;
    std::string name;
    json::object tree;
};

std::string read_text(Run& run, const std::string& file) {
    if (file == "-") return read_input(run.console, text_limit);
    std::ifstream in(file);
    if (!in) throw Error(Kind::not_found, "not_found", fmt::format("cannot read {}", berth::quoted(file)));
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

std::vector<Document> read_documents(Run& run, const std::vector<std::string>& files) {
    std::vector<Document> documents;
    for (const auto& file : files) {
        std::vector<json::value> trees;
        try {
            trees = yaml::parse_all(read_text(run, file));
        } catch (const Error& error) {
            if (error.kind == Kind::not_found) throw;
            throw Error(error.kind, error.code, fmt::format("{}: {}", file, error.user), error.next);
        }
        for (const auto& tree : trees) {
            if (tree.is_null()) continue;
            Document document{.file = file, .name = {}, .tree = {}};
            if (tree.is_object()) document.tree = tree.get_object();
            if (const auto* metadata = document.tree.if_contains("metadata");
                metadata != nullptr && metadata->is_object())
                if (const auto* name = metadata->get_object().if_contains("name");
                    name != nullptr && name->is_string())
                    document.name = name->get_string();
            if (document.name.empty())
                throw Error(Kind::invalid, "invalid_field", fmt::format("{}: metadata.name is missing", file),
                            "start from: berth templates new --image IMAGE");
            documents.push_back(std::move(document));
        }
    }
    if (documents.empty())
        throw Error(Kind::invalid, "invalid_field", "there is no template in what was given");
    return documents;
}

/// A new revision of a template that is there, or the first of one that is not.
json::value apply_document(Client& client, const Document& document) {
    const json::object body{{"document", document.tree}};
    try {
        return client.put(template_path(document.name), body);
    } catch (const Error& error) {
        if (error.kind != Kind::not_found)
            throw Error(error.kind, error.code,
                        fmt::format("{}: {}: {}", document.file, document.name, error.user), error.next);
    }
    try {
        return client.post("/templates", body);
    } catch (const Error& error) {
        throw Error(error.kind, error.code,
                    fmt::format("{}: {}: {}", document.file, document.name, error.user), error.next);
    }
}

int apply(Run& run, const Said& said) {
    for (const auto& document : read_documents(run, said.files)) {
        const auto applied = apply_document(run.client(), document);
        if (write_as_data(run, run.format(), applied)) continue;
        const auto view = json::from_json<TemplateView>(applied);
        run.console.out << label(view.name) << "revision " << view.revision << "\n";
    }
    return 0;
}

struct ProblemView {
    std::string path, message, next;
};
BOOST_DESCRIBE_STRUCT(ProblemView, (), (path, message, next))

struct CheckedView {
    bool valid = false;
    std::vector<ProblemView> problems;
};
BOOST_DESCRIBE_STRUCT(CheckedView, (), (valid, problems))

int check(Run& run, const Said& said) {
    int status = 0;
    for (const auto& document : read_documents(run, said.files)) {
        const auto answer = run.client().post(template_path(document.name) + "/dry-run",
                                              json::object{{"document", document.tree}});
        const auto checked = json::from_json<CheckedView>(answer);
        if (!checked.valid) status = 1;
        if (write_as_data(run, run.format(), answer)) continue;
        if (checked.valid) run.console.out << label(document.name) << "valid\n";
        for (const auto& problem : checked.problems) {
            // Some messages name their path already.
            const bool named =
                problem.path.empty() || problem.message.find(problem.path) != std::string::npos;
            const auto what = named ? problem.message : problem.path + ": " + problem.message;
            write_error(run.console, Error(Kind::invalid, "invalid_field",
                                           fmt::format("{}: {}", document.file, what), problem.next));
        }
    }
    return status;
}

int remove_templates(Run& run, const Said& said) {
    return for_each(run, said.names, [&](const std::string& name) {
        if (!said.yes)
            confirm(run, {.name = name,
                          .question = fmt::format("Remove template {}? Its sessions go on and keep their "
                                                  "revision; its document is lost.",
                                                  name),
                          .would = fmt::format("template {} would be removed with its document", name),
                          .command = "berth templates rm -y " + shell_word(name)});
        run.client().remove(template_path(name));
        run.console.out << label(name) << "removed; its sessions go on\n";
    });
}

void add_documents(Grammar& grammar, CLI::App& templates, const std::shared_ptr<Said>& said) {
    auto& run = grammar.run;
    auto& applying = grammar.verb(templates, "apply", "Add templates, or make new revisions of them");
    applying.add_option("-f,--file", said->files, "YAML or JSON; - is standard input")
        ->required()
        ->type_name("FILE");
    grammar.verbs[&applying] = [&run, said] { return apply(run, *said); };
    auto& checking = grammar.verb(templates, "check", "Check templates and change nothing");
    checking.add_option("-f,--file", said->files, "YAML or JSON; - is standard input")
        ->required()
        ->type_name("FILE");
    grammar.verbs[&checking] = [&run, said] { return check(run, *said); };
    auto& starting = grammar.verb(templates, "new", "Print a template to start from");
    starting.add_option("--image", said->image, "Image of its component")->required()->type_name("IMAGE");
    auto* const port =
        starting.add_option("--port", said->port, "Port of its web page; without one it is a terminal");
    port->type_name("PORT")->check(CLI::Range(1, 65535));
    starting.add_option("--name", said->name, "Its name; otherwise that of the image")->type_name("NAME");
    grammar.verbs[&starting] = [&run, said] {
        const auto wanted = said->port > 0 ? std::optional(said->port) : std::nullopt;
        run.console.out << starter_template(said->image, wanted, said->name);
        return 0;
    };
}

}  // namespace

void add_template_verbs(Grammar& grammar) {
    const auto said = std::make_shared<Said>();
    auto& run = grammar.run;
    auto& templates =
        grammar.verb("templates", "List, show, add and remove templates", "Templates and workspaces");
    templates.require_subcommand(0, 1);
    const auto list = [&run, said] { return list_templates(run, said->category); };
    grammar.verbs[&templates] = list;
    auto& ls = grammar.verb(templates, "ls", "List the catalog");
    ls.add_option("--category", said->category, "Only those of this category")->type_name("CATEGORY");
    grammar.verbs[&ls] = list;
    auto& show = grammar.verb(templates, "show", "Print a template as the document that apply takes");
    show.add_option("name", said->name, "Name of the template")->required()->type_name("TEMPLATE");
    show.add_option("--revision", said->revision, "An older revision")->type_name("N");
    grammar.verbs[&show] = [&run, said] { return show_template(run, *said); };
    add_documents(grammar, templates, said);
    auto& rm = grammar.verb(templates, "rm", "Remove templates from the catalog");
    rm.add_option("names", said->names, "Names of templates")->required()->type_name("TEMPLATE");
    add_yes_flag(rm, said->yes);
    grammar.verbs[&rm] = [&run, said] { return remove_templates(run, *said); };
}

}  // namespace berth::cli
