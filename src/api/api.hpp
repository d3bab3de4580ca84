#pragma once

#include "api/services.hpp"

namespace berth::api {

/// The platform's own origin: REST, WebSockets, sign-in and the web interface.
///
/// Every request finds its row in the table or does not exist. Who asks, whether they may, and whether their
/// browser meant it is decided here, before any operation runs.
class Api {
  public:
    explicit Api(Dependencies dependencies);
    ~Api();

    /// A `net::Handler`. Callable on any loop; the work is done on `Dependencies::executor`. Never throws but
    /// when it is cancelled: failures are problem documents.
    Task<net::Response> answer(net::Request request);
    /// For `net::Dispatch::streams`: bodies that operations read by themselves. Any loop.
    static bool streams(std::string_view method, std::string_view path);

  private:
    std::unique_ptr<Services> services_;
};

}  // namespace berth::api
