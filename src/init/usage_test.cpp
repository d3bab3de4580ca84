#include "init/usage.hpp"

#include "init/harness.hpp"

namespace berth::init::test {
namespace {

class Usage : public Init {
  protected:
    void write(const std::string& name, const std::string& text) {
        const auto path = directory_ / name;
        std::filesystem::create_directories(std::filesystem::path(path).parent_path());
        std::ofstream(path) << text;
    }
    std::optional<Used> read() { return read_usage((directory_ / "").c_str()); }
};

TEST_F(Usage, both_versions_of_control_groups_are_read) {
    EXPECT_EQ(read(), std::nullopt);
    write("cpuacct/cpuacct.usage", "5000\n");
    write("memory/memory.usage_in_bytes", "300\n");
    EXPECT_EQ(read(), (Used{5000, 300}));
    write("memory/memory.stat", "cache 7\ntotal_inactive_file_x 9\ntotal_inactive_file 100\n");
    EXPECT_EQ(read(), (Used{5000, 200}));
    write("cpu.stat", "usage_usec 7\nuser_usec 1\n");
    write("memory.current", "1000\n");
    EXPECT_EQ(read(), (Used{7000, 1000}));
    write("memory.stat", "anon 1\ninactive_file 2000\n");
    EXPECT_EQ(read(), (Used{7000, 1000})) << "never less than nothing";
}

TEST_F(Usage, what_is_no_number_is_not_taken_for_one) {
    write("cpu.stat", "usage_usec seven\n");
    write("memory.current", "1000\n");
    EXPECT_EQ(read(), std::nullopt);
    write("cpu.stat", "");
    EXPECT_EQ(read(), std::nullopt);
    write("cpu.stat", "usage_usec 7");
    write("memory.current", "max\n");
    EXPECT_EQ(read(), std::nullopt);
}

TEST_F(Usage, is_told_to_whoever_asks) {
    auto client = ask('U');
    const auto answer = client.read();
    ASSERT_TRUE(answer);
    // Here it is that of this machine's own group, where there is one.
    if (answer->kind == 'E') {
        EXPECT_EQ(answer->payload.substr(0, 7), fields({"ENOENT", ""}));
        return;
    }
    EXPECT_EQ(answer->kind, 'O');
    const auto nul = answer->payload.find('\0');
    ASSERT_NE(nul, std::string::npos);
    EXPECT_GT(std::stoull(answer->payload.substr(0, nul)), 0u);
    EXPECT_GT(std::stoull(answer->payload.substr(nul + 1)), 0u);
}

}  // namespace
}  // namespace berth::init::test
