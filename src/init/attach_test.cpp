#include <fcntl.h>
#include <pty.h>
#include <sys/ioctl.h>

#include "init/harness.hpp"

namespace berth::init::test {
namespace {

/// A person's terminal: what they type goes in at the master, what they see comes out of it.
class Person {
  public:
    Person() {
        int master = -1;
        int slave = -1;
        winsize size{.ws_row = 33, .ws_col = 101, .ws_xpixel = 0, .ws_ypixel = 0};
        if (::openpty(&master, &slave, nullptr, nullptr, &size) != 0) throw std::runtime_error("openpty");
        ::fcntl(master, F_SETFD, FD_CLOEXEC);
        master_ = Fd(master);
        slave_ = Fd(slave);
    }

    void type(std::string_view text) {
        EXPECT_EQ(::write(master_.get(), text.data(), text.size()), ssize_t(text.size()));
    }
    void resize(unsigned short rows, unsigned short columns) {
        winsize size{.ws_row = rows, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
        ::ioctl(master_.get(), TIOCSWINSZ, &size);
    }
    int slave() const { return slave_.get(); }

  private:
    Fd master_;
    Fd slave_;
};

TEST_F(Init, a_person_works_in_a_terminal_of_the_same_size) {
    connect();
    const Person person;
    Process attached(directory_, {"attach", "main", "sh", "-c", "stty size; exit 11"}, {}, person.slave());
    EXPECT_EQ(attached.wait(), 11);
    EXPECT_EQ(attached.out(), "33 101\r\n");
}

TEST_F(Init, a_person_types_and_resizes) {
    connect();
    Person person;
    Process attached(directory_, {"attach", "main", "sh"}, {}, person.slave());
    ASSERT_TRUE(eventually([&] { return !attached.out().empty(); }));
    person.type("echo $((40 + 2))\r");
    EXPECT_TRUE(eventually([&] { return attached.out().find("42\r\n") != std::string::npos; }))
        << attached.out();
    person.resize(40, 120);
    // Only the foreground of a controlling terminal hears of it by itself; here it is nobody's.
    attached.signal(SIGWINCH);
    EXPECT_TRUE(eventually(
        [&] { return ask('L').read()->payload.find(fields({"40", "120"})) != std::string::npos; }));
    person.type("exit 12\r");
    EXPECT_EQ(attached.wait(), 12);
}

TEST_F(Init, the_end_of_input_leaves_the_terminal_alive) {
    connect();
    Process attached(directory_, {"attach", "main", "cat"});
    EXPECT_EQ(attached.wait(), 0);
    EXPECT_TRUE(ask('L').read()->payload.starts_with(fields({"main", ""})));
}

TEST_F(Init, a_persons_terminal_is_put_back_as_it_was) {
    connect();
    const Person person;
    termios before{};
    termios during{};
    termios after{};
    ::tcgetattr(person.slave(), &before);
    Process attached(directory_, {"attach", "main", "cat"}, {}, person.slave());
    EXPECT_TRUE(eventually(
        [&] { return ::tcgetattr(person.slave(), &during) == 0 && (during.c_lflag & ICANON) == 0; }));
    attached.signal(SIGTERM);
    EXPECT_EQ(attached.wait(), 128 + SIGTERM);
    ::tcgetattr(person.slave(), &after);
    EXPECT_EQ(after.c_lflag, before.c_lflag);
    EXPECT_EQ(after.c_iflag, before.c_iflag);
}

TEST_F(Init, who_attaches_continues_at_an_offset) {
    attach("main", {"sh", "-c", "printf 0123456789; exit 5"}).read_all();
    const Person person;
    Process attached(directory_, {"attach", "--offset", "7", "main"}, {}, person.slave());
    EXPECT_EQ(attached.wait(), 5);
    EXPECT_EQ(attached.out(), "789");
}

TEST_F(Init, attaching_says_what_is_wrong) {
    Process nobody(directory_, {"attach", "main"});
    EXPECT_EQ(nobody.wait(), 1);
    EXPECT_EQ(nobody.err(), "berth-init: \"" + (directory_ / "s") + "\": no such file or directory\n");
    connect();
    Process refused(directory_, {"attach", "main", "/nowhere/program"});
    EXPECT_EQ(refused.wait(), 1);
    EXPECT_EQ(refused.err(), "berth-init: the program cannot be started\n");
    for (const Words& wrong : {Words{"attach"}, {"attach", "--offset", "x", "main"}, {"nonsense"}, {}}) {
        Process misused(directory_, wrong);
        EXPECT_EQ(misused.wait(), 2);
    }
}

TEST_F(Init, losing_the_component_ends_the_attachment) {
    start({"sleep", "1000"});
    connect();
    const Person person;
    Process attached(directory_, {"attach", "main", "cat"}, {}, person.slave());
    ASSERT_TRUE(eventually([&] { return !ask('L').read()->payload.empty(); }));
    process_->signal(SIGKILL);
    EXPECT_EQ(attached.wait(), 1);
    EXPECT_EQ(attached.err(), "berth-init: the connection is lost\n");
}

TEST_F(Init, a_relay_carries_a_request_and_its_answer) {
    connect();
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const Fd from(ends[0]);
    Fd to(ends[1]);
    Process relay(directory_, {"relay"}, {}, from.get());
    const auto request = fields({"", "", "", "", "", "sh", "-c", "head -c 1000000 /dev/zero; exit 3"});
    const auto head = header('X', request.size());
    const auto bytes = std::string(head.data(), head.size()) + request;
    ASSERT_EQ(::write(to.get(), bytes.data(), bytes.size()), ssize_t(bytes.size()));
    EXPECT_EQ(relay.wait(), 0);
    const auto answer = relay.out();
    std::string_view rest = answer;
    std::string output;
    Message last;
    for (auto found = scan(rest); found.outcome == Scanned::whole; found = scan(rest)) {
        last = {found.frame.kind, std::string(found.frame.payload)};
        if (last.kind == '1') output += last.payload;
        rest.remove_prefix(found.size);
    }
    EXPECT_TRUE(rest.empty());
    EXPECT_EQ(output, std::string(1'000'000, '\0'));
    EXPECT_EQ(last, (Message{'x', "3"}));
}

TEST_F(Init, the_end_of_a_relays_input_still_gets_its_answer) {
    connect();
    std::ofstream(directory_ / "request") << std::string("P\0\0\0\0", 5);
    const Fd request(::open((directory_ / "request").c_str(), O_RDONLY | O_CLOEXEC));
    Process relay(directory_, {"relay"}, {}, request.get());
    EXPECT_EQ(relay.wait(), 0);
    EXPECT_EQ(relay.out().substr(0, 1), "O");
}

}  // namespace
}  // namespace berth::init::test
