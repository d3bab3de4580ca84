#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "store/sql.hpp"

/// PostgreSQL for tests: a private server of this program, and a schema in it for each test.
namespace berth::store {

/// A server that ends, with all its files, when its owner does, however that ends: `tests/dev/postgres.sh`
/// watches the pipe.
class PostgresServer {
  public:
    explicit PostgresServer(const std::vector<std::string>& options = {}) {
        std::string pattern = (std::filesystem::temp_directory_path() / "berth-pg-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
        directory_ = pattern;
        start_script(options);
        ready_ = answer() == "ready";
    }
    ~PostgresServer() {
        ::close(words_);
        std::fclose(answers_);
        ::waitpid(child_, nullptr, 0);
    }
    PostgresServer(const PostgresServer&) = delete;
    PostgresServer& operator=(const PostgresServer&) = delete;

    /// The one of this program; nothing where PostgreSQL is not installed.
    static PostgresServer* shared() {
        static PostgresServer server;
        return server.ready_ ? &server : nullptr;
    }

    bool ready() const { return ready_; }
    const std::string& directory() const { return directory_; }
    /// A connection URI; `parameters` as in a URL, `&name=value`.
    std::string url(const std::string& parameters = {}) const {
        return "postgres://postgres@/postgres?host=" + directory_ + parameters;
    }
    /// `stop`, `start` or `promote`, done when it returns.
    void tell(const std::string& word) {
        const auto line = word + "\n";
        ASSERT_EQ(::write(words_, line.data(), line.size()), static_cast<ssize_t>(line.size()));
        ASSERT_EQ(answer(), "done") << word;
    }
    void run(const std::string& sql) { Connection(url()).script(sql); }

  private:
    void start_script(const std::vector<std::string>& options) {
        int in[2], out[2];
        if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
        std::vector<std::string> words{"bash", BERTH_SOURCE_DIR "/tests/dev/postgres.sh", directory_};
        words.insert(words.end(), options.begin(), options.end());
        std::vector<char*> arguments;
        arguments.reserve(words.size() + 1);
        for (auto& word : words) arguments.push_back(word.data());
        arguments.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
        const int failed = ::posix_spawnp(&child_, "bash", &actions, nullptr, arguments.data(), environ);
        posix_spawn_file_actions_destroy(&actions);
        ::close(in[0]);
        ::close(out[1]);
        if (failed != 0) throw std::runtime_error("bash cannot be started");
        words_ = in[1];
        answers_ = ::fdopen(out[0], "r");
    }

    std::string answer() {
        char line[4096];
        if (std::fgets(line, sizeof line, answers_) == nullptr) return "nothing";
        std::string text(line);
        if (text.ends_with('\n')) text.pop_back();
        return text;
    }

    std::string directory_;
    pid_t child_ = -1;
    int words_ = -1;
    FILE* answers_ = nullptr;
    bool ready_ = false;
};

/// A schema of its own, which is a database of its own to Berth. Ends with its owner.
class Schema {
  public:
    explicit Schema(PostgresServer& server) : server_(server) {
        static int last = 0;
        name_ = fmt::format("test_{}", ++last);
        server_.run("CREATE SCHEMA " + name_);
    }
    ~Schema() { server_.run("DROP SCHEMA IF EXISTS " + name_ + " CASCADE"); }
    Schema(const Schema&) = delete;
    Schema& operator=(const Schema&) = delete;

    std::string url(const std::string& parameters = {}) const {
        return server_.url("&options=-c%20search_path%3D" + name_ + parameters);
    }
    const std::string& name() const { return name_; }

  private:
    PostgresServer& server_;
    std::string name_;
};

}  // namespace berth::store
