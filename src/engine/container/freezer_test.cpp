#include "engine/container/freezer.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace berth::engine {
namespace {

namespace fs = std::filesystem;

const std::string id(64, 'a');

/// A machine with /proc and cgroups made of ordinary files: what is written to a switch stays there.
class Machine : public ::testing::Test {
  protected:
    Machine() {
        std::string pattern = fs::temp_directory_path() / "freezer-XXXXXX";
        root_ = std::string(::mkdtemp(pattern.data())) + "/";
    }
    ~Machine() override { fs::remove_all(root_); }

    void put(const std::string& path, const std::string& text) {
        fs::create_directories(fs::path(root_ + path).parent_path());
        std::ofstream(root_ + path) << text;
    }
    std::string text(const std::string& path) {
        std::string line;
        std::ifstream in(root_ + path);
        std::getline(in, line);
        return line;
    }
    std::optional<Freezer> find() { return Freezer::find(7, id, root_); }

    std::string root_;
};

TEST_F(Machine, with_version_1_has_a_state_for_each_container) {
    put("proc/self/mounts",
        "tmpfs /sys/fs/cgroup tmpfs rw 0 0\n"
        "cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n"
        "cgroup /sys/fs/cgroup/freezer cgroup rw,relatime,freezer 0 0\n");
    put("proc/7/cgroup", "6:freezer:/libpod_parent/libpod-" + id + "/inner\n1:cpu:/other\n0::/\n");
    const auto state = "sys/fs/cgroup/freezer/libpod_parent/libpod-" + id + "/freezer.state";
    put(state, "THAWED\n");
    const auto freezer = find();
    ASSERT_TRUE(freezer);
    EXPECT_EQ(freezer->frozen(), false);
    EXPECT_TRUE(freezer->set(true));
    EXPECT_TRUE(text(state).starts_with("FROZEN"));
    EXPECT_EQ(freezer->frozen(), true);
    put(state, "FREEZING\n");
    EXPECT_EQ(freezer->frozen(), false) << "not all of it is";
    fs::remove(root_ + state);
    EXPECT_EQ(freezer->frozen(), std::nullopt) << "it has gone";
}

TEST_F(Machine, with_version_2_asks_in_one_file_and_hears_in_another) {
    put("proc/self/mounts", "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n");
    put("proc/7/cgroup", "0::/machine.slice/libpod-" + id + ".scope/container\n");
    const auto group = "sys/fs/cgroup/machine.slice/libpod-" + id + ".scope/";
    put(group + "cgroup.freeze", "0\n");
    put(group + "cgroup.events", "populated 1\nfrozen 0\n");
    const auto freezer = find();
    ASSERT_TRUE(freezer);
    EXPECT_TRUE(freezer->set(true));
    EXPECT_TRUE(text(group + "cgroup.freeze").starts_with("1"));
    EXPECT_EQ(freezer->frozen(), false) << "asked for, and not so yet";
    put(group + "cgroup.events", "populated 1\nfrozen 1\n");
    EXPECT_EQ(freezer->frozen(), true);
}

TEST_F(Machine, that_does_not_show_the_containers_own_group_is_left_to_the_engine) {
    EXPECT_FALSE(find()) << "no such process: the engine is elsewhere";
    put("proc/self/mounts", "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n");
    put("proc/7/cgroup", "0::/user.slice\n");
    put("sys/fs/cgroup/user.slice/cgroup.events", "frozen 0\n");
    EXPECT_FALSE(find()) << "a group that is not the container's: its number was given to another process";
    put("proc/7/cgroup", "0::/../../docker/" + id + "\n");
    EXPECT_FALSE(find()) << "outside of what is mounted here";
    put("proc/7/cgroup", "not a line\n::\n0::/docker/" + id + "\n");
    EXPECT_FALSE(find()) << "no freezer there";
    EXPECT_FALSE(Freezer::find(7, "", root_));
}

}  // namespace
}  // namespace berth::engine
