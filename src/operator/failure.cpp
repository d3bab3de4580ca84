#include "operator/failure.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

namespace berth::control {

Error as_error(const std::exception_ptr& failure, const std::string& unreachable_code) {
    try {
        std::rethrow_exception(failure);
    } catch (const Error& error) {
        return error;
    } catch (const boost::system::system_error& error) {
        if (error.code() == boost::asio::error::operation_aborted) throw;
        return Error(Kind::unavailable, unreachable_code, error.what());
    } catch (const std::exception& error) {
        return Error(Kind::internal, "internal", error.what());
    }
}

}  // namespace berth::control
