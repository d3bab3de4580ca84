#include <sys/prctl.h>
#include <sys/stat.h>

#include "init/tcp_harness.hpp"

namespace berth::init::test {
namespace {

/// `berth-init serve`, which leaves a process behind: ours to collect, as a container's own entry point
/// would.
class Serve : public Network {
  protected:
    Serve() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }
    ~Serve() override {
        if (server_ > 0) {
            ::kill(server_, SIGTERM);
            EXPECT_EQ(end_of_server(), 0);
        }
        ::prctl(PR_SET_CHILD_SUBREAPER, 0);
    }

    /// The status it ends with; -1 when it does not.
    int end_of_server() {
        int status = 0;
        const auto pid = std::exchange(server_, 0);
        return eventually([&] { return ::waitpid(pid, &status, WNOHANG) == pid; }) ? status : -1;
    }

    /// Its status. Whoever asks afterwards finds the one that serves.
    int serve() {
        Words words{"serve"};
        for (const auto& option : options()) words.push_back(option);
        process_.emplace(directory_, words);
        const int status = process_->wait();
        if (status == 0 && server_ == 0) {
            server_ = std::stoi(run_in_it("echo $PPID"));
        }
        return status;
    }

    std::string run_in_it(const std::string& script) {
        auto client = ask('X', fields({"", "", "24", "80", "", "sh", "-c", script}));
        EXPECT_EQ(client.read()->kind, 'O');
        return joined(client.read_all(), '1');
    }

    pid_t server_ = 0;
};

TEST_F(Serve, it_is_there_when_the_command_returns_and_ends_when_told_to) {
    ASSERT_EQ(serve(), 0);
    EXPECT_EQ(ask('P').read()->kind, 'O');
    EXPECT_EQ(Init::ask('P').read()->kind, 'O');
    const Listener application(AF_INET);
    auto client = forward(application);
    ::kill(server_, SIGTERM);
    EXPECT_EQ(client.read_bytes(1), "");
    EXPECT_EQ(end_of_server(), 0);
    EXPECT_FALSE(dial_port(port_));
    EXPECT_FALSE(std::filesystem::exists(directory_ / "s"));
}

TEST_F(Serve, nothing_of_whoever_started_it_is_kept) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    ASSERT_EQ(serve(), 0);
    ::close(ends[1]);
    pollfd wait{.fd = ends[0], .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&wait, 1, 5000), 1) << "it holds the pipe";
    ::close(ends[0]);
    const auto here = "/proc/" + std::to_string(server_);
    for (const auto* standard : {"0", "1", "2"}) {
        EXPECT_EQ(std::filesystem::read_symlink(here + "/fd/" + standard), "/dev/null");
    }
    EXPECT_EQ(std::filesystem::read_symlink(here + "/cwd"), "/");
    EXPECT_EQ(::getsid(server_), server_);
}

TEST_F(Serve, serving_twice_is_fine_with_the_same_key_only) {
    ASSERT_EQ(serve(), 0);
    EXPECT_EQ(serve(), 0);
    EXPECT_EQ(process_->err(), "");
    std::ofstream(directory_ / "key", std::ios::trunc) << std::string(32, 'x');
    EXPECT_EQ(serve(), 125);
    EXPECT_EQ(process_->err(), "berth-init: the port cannot be had: address already in use\n");
}

TEST_F(Serve, terminals_outlive_their_clients_and_orphans_are_collected) {
    ASSERT_EQ(serve(), 0);
    const auto pid = std::stoi(run_in_it("sleep 0.1 </dev/null >/dev/null 2>&1 & echo $!"));
    EXPECT_TRUE(eventually([&] { return !exists(pid); }));
    for (const auto* word : {"first", "second"}) {
        auto terminal = ask('T', fields({"main", "24", "80", "", "cat"}));
        EXPECT_EQ(terminal.read()->kind, 'O');
        terminal.send('d', std::string(word) + "\r");
        terminal.read_until(std::string(word) + "\r\n" + word);
    }
}

TEST_F(Serve, other_signals_do_not_end_it) {
    ASSERT_EQ(serve(), 0);
    for (const int signal : {SIGHUP, SIGUSR1, SIGPIPE, SIGALRM}) ::kill(server_, signal);
    EXPECT_EQ(ask('P').read()->kind, 'O');
}

TEST_F(Init, a_copy_is_the_same_program_for_everybody_to_run) {
    const auto before = ::umask(077);
    for (int i = 0; i < 2; ++i) {
        Process copy(directory_, {"copy", directory_ / "init"});
        EXPECT_EQ(copy.wait(), 0) << copy.err();
    }
    ::umask(before);
    struct stat file;
    ASSERT_EQ(::stat((directory_ / "init").c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 07777, 0755u);
    EXPECT_EQ(Process::contents(directory_ / "init"), Process::contents(program()));
    EXPECT_FALSE(std::filesystem::exists(directory_ / "init.new"));
}

TEST_F(Init, a_copy_that_cannot_be_made_leaves_nothing_and_says_so) {
    Process nowhere(directory_, {"copy", "/nowhere/init"});
    EXPECT_EQ(nowhere.wait(), 1);
    EXPECT_EQ(nowhere.err(), "berth-init: \"/nowhere/init\": no such file or directory\n");
    std::filesystem::create_directory(directory_ / "folder");
    Process folder(directory_, {"copy", directory_ / "folder"});
    EXPECT_EQ(folder.wait(), 1);
    EXPECT_EQ(folder.err(), "berth-init: \"" + (directory_ / "folder") + "\": is a directory\n");
    EXPECT_FALSE(std::filesystem::exists(directory_ / "folder.new"));
}

}  // namespace
}  // namespace berth::init::test
