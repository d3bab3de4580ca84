#include <cstdlib>

#include "base/error.hpp"
#include "base/yaml.hpp"
#include "model/template.hpp"
#include "plan/values.hpp"

/// Whatever a user saves as a template is refused with an Error or accepted; a tree that was read is written
/// and read again as the same tree.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    using namespace berth;
    json::value tree;
    try {
        tree = yaml::parse({reinterpret_cast<const char*>(data), size});
    } catch (const Error&) {
        return 0;
    }
    if (yaml::parse(yaml::write(tree)) != tree) std::abort();
    try {
        const auto named = parse_template(tree);
        plan::check_values(named.spec);
    } catch (const Error&) {
        return 0;
    }
    return 0;
}
