#pragma once

#include <string>
#include <string_view>

namespace berth::api {

/// One file of the web interface, as the program carries it. Views into memory that outlives every request.
struct File {
    std::string_view bytes;
    std::string_view type;    ///< Content-Type.
    std::string_view etag;    ///< With its quotes.
    std::string_view gzip;    ///< The same compressed; empty: there is none.
    std::string_view brotli;  ///< The same compressed; empty: there is none.
    bool immutable = false;   ///< Its name changes with its content: caches may keep it for good.
};

/// Where the web interface comes from.
class Files {
  public:
    virtual ~Files() = default;
    /// The file at an absolute path such as `/assets/app-1a2b.js`, or nullptr. `/index.html` is the page
    /// itself.
    virtual const File* find(std::string_view path) const = 0;
};

}  // namespace berth::api
