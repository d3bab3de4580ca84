#include "engine/kubernetes/image_id.hpp"

#include <gtest/gtest.h>

namespace berth::engine::kubernetes {
namespace {

const std::string digest = "@sha256:" + std::string(64, 'a');

TEST(KubernetesImageId, an_image_of_a_registry_is_fixed_by_its_digest) {
    EXPECT_EQ(fixed_image("registry.example/team/ide:1", "registry.example/team/ide" + digest),
              "registry.example/team/ide" + digest);
    EXPECT_EQ(fixed_image("registry.example:5000/ide", "registry.example:5000/ide" + digest),
              "registry.example:5000/ide" + digest);
    EXPECT_EQ(fixed_image("python:3", "docker.io/library/python" + digest),
              "docker.io/library/python" + digest);
    EXPECT_EQ(fixed_image("team/ide:1", "docker-pullable://docker.io/team/ide" + digest),
              "docker.io/team/ide" + digest);
}

TEST(KubernetesImageId, what_was_loaded_onto_a_node_or_is_fixed_already_stays_as_it_is_written) {
    EXPECT_EQ(fixed_image("localhost/berth/terminal:1", digest.substr(1)), "");
    EXPECT_EQ(fixed_image("localhost/berth/terminal:1", "docker.io/library/import-2026-11-26" + digest), "");
    EXPECT_EQ(fixed_image("registry.example/ide:1", "registry.example/other" + digest), "");
    EXPECT_EQ(fixed_image("registry.example/ide" + digest, "registry.example/ide" + digest), "");
    EXPECT_EQ(fixed_image("registry.example/ide:1", ""), "");
    EXPECT_EQ(fixed_image("registry.example/ide:1", "registry.example/ide@sha256:abc"), "");
}

}  // namespace
}  // namespace berth::engine::kubernetes
