#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "cli/run.hpp"
#include "cli/steps.hpp"
#include "cli/text_width.hpp"
#include "cli/time_text.hpp"

namespace berth::cli {
namespace {

constexpr std::string_view files_path = "/users/me/files";

struct Said {
    Names names;
    std::string from, to;
    bool yes = false;
};

struct FileView {
    std::string path;
    Bytes size;
    std::string type, sha256;
    Time created_at{};
};
BOOST_DESCRIBE_STRUCT(FileView, (), (path, size, type, sha256, created_at))

struct LimitsView {
    Bytes each, together;
};
BOOST_DESCRIBE_STRUCT(LimitsView, (), (each, together))

struct FilesView {
    std::vector<FileView> items;
    Bytes used;
    LimitsView limits;
};
BOOST_DESCRIBE_STRUCT(FilesView, (), (items, used, limits))

/// The slashes of a path stay: they are part of the address.
std::string target_of(const std::string& path) {
    std::string target(files_path);
    for (std::size_t at = 0; at <= path.size();) {
        const auto end = std::min(path.find('/', at), path.size());
        target += "/" + segment(path.substr(at, end - at));
        at = end + 1;
    }
    return target;
}

int list_files(Run& run) {
    const auto found = run.client().get(std::string(files_path));
    if (write_as_data(run, run.format(), found)) return 0;
    const auto files = json::from_json<FilesView>(found);
    if (files.items.empty()) {
        run.console.err << "no files; upload one with: berth files put FILE\n";
        return 0;
    }
    Table table{{"PATH", "SIZE", "TYPE", "UPLOADED"}, {}};
    for (const auto& one : files.items)
        table.rows.push_back(
            {one.path, to_string(one.size), one.type, relative_text(one.created_at, run.now())});
    run.console.out << render(table, run.colour());
    run.console.err << fmt::format("{} of {} used\n", to_string(files.used),
                                   to_string(files.limits.together));
    return 0;
}

int put_file(Run& run, const Said& said) {
    std::error_code failure;
    const auto size = std::filesystem::file_size(said.from, failure);
    std::ifstream file(said.from, std::ios::binary);
    if (failure || !file)
        throw Error(Kind::invalid, "file_unreadable", fmt::format("{} cannot be read", said.from));
    // Said before it is sent: who is refused amid a large body often hears only that the line is dead.
    const auto limits = json::from_json<FilesView>(run.client().get(std::string(files_path))).limits;
    if (static_cast<std::int64_t>(size) > limits.each.count)
        throw Error(Kind::invalid, "too_large",
                    fmt::format("{} has {}, and a file may have at most {}", said.from,
                                to_string(Bytes{static_cast<std::int64_t>(size)}), to_string(limits.each)));
    std::string content{std::istreambuf_iterator<char>(file), {}};
    const auto path = said.to.empty() ? std::filesystem::path(said.from).filename().string() : said.to;
    const auto made = run.client().upload(target_of(path), std::move(content));
    if (write_as_data(run, run.format(), made)) return 0;
    run.console.out << label(json::from_json<FileView>(made).path) << "uploaded\n";
    return 0;
}

Task<std::int64_t> copy(Client& client, std::string target, std::ostream& out) {
    const auto stream = co_await client.open(std::move(target));
    std::int64_t size = 0;
    for (;;) {
        const auto piece = co_await stream->read();
        if (piece.empty()) break;
        size += static_cast<std::int64_t>(piece.size());
        out.write(piece.data(), static_cast<std::streamsize>(piece.size()));
        if (!out) throw Error(Kind::unavailable, "cannot_write", "what came could not be written");
    }
    co_return size;
}

int get_file(Run& run, const Said& said) {
    const auto target = target_of(said.from);
    if (said.to == "-") {
        run.client().finish(copy(run.client(), target, run.console.out));
        return 0;
    }
    const auto place = said.to.empty() ? std::filesystem::path(said.from).filename().string() : said.to;
    // Whole or not at all: nobody takes half of it for the file.
    const auto part = place + ".part";
    std::ofstream file(part, std::ios::binary | std::ios::trunc);
    if (!file) throw Error(Kind::invalid, "cannot_write", fmt::format("{} cannot be written", part));
    try {
        const auto size = run.client().finish(copy(run.client(), target, file));
        file.close();
        if (!file)
            throw Error(Kind::unavailable, "cannot_write", fmt::format("{} could not be written", part));
        std::filesystem::rename(part, place);
        run.console.out << label(place) << to_string(Bytes{size}) << "\n";
    } catch (...) {
        ::unlink(part.c_str());
        throw;
    }
    return 0;
}

int remove_files(Run& run, const Said& said) {
    return for_each(run, said.names, [&](const std::string& path) {
        if (!said.yes)
            confirm(run, {.name = "file " + path,
                          .question = fmt::format("Delete file {}? Its content is lost.", path),
                          .would = fmt::format("file {} would be deleted: its content is lost", path),
                          .command = "berth files rm -y " + shell_word(path)});
        run.client().remove(target_of(path));
        run.console.out << label(path) << "deleted\n";
    });
}

}  // namespace

void add_file_verbs(Grammar& grammar) {
    const auto said = std::make_shared<Said>();
    auto& run = grammar.run;
    auto& files = grammar.verb("files", "Uploads that appear in your sessions", "Templates and workspaces");
    files.require_subcommand(0, 1);
    grammar.verbs[&files] = [&run] { return list_files(run); };
    auto& ls = grammar.verb(files, "ls", "List your uploads");
    grammar.verbs[&ls] = [&run] { return list_files(run); };
    auto& put = grammar.verb(files, "put", "Upload a file, in place of the one that has its path");
    put.add_option("file", said->from, "File of this machine")->required()->type_name("FILE");
    put.add_option("path", said->to, "Where it appears, relative; its own name otherwise")->type_name("PATH");
    grammar.verbs[&put] = [&run, said] { return put_file(run, *said); };
    auto& get = grammar.verb(files, "get", "Download one");
    get.add_option("path", said->from, "Path of the upload")->required()->type_name("UPLOAD");
    get.add_option("file", said->to, "Where to write it; - is standard output")->type_name("FILE");
    grammar.verbs[&get] = [&run, said] { return get_file(run, *said); };
    auto& rm = grammar.verb(files, "rm", "Delete uploads");
    rm.add_option("paths", said->names, "Paths")->required()->type_name("UPLOAD");
    add_yes_flag(rm, said->yes);
    grammar.verbs[&rm] = [&run, said] { return remove_files(run, *said); };
}

}  // namespace berth::cli
