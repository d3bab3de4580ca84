#include "net/handed_socket.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace berth::net {

void forestall_linger(int descriptor) {
    const linger none{.l_onoff = 0, .l_linger = 0};
    ::setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    // First, so that no other holder adds to what is looked at next.
    ::shutdown(descriptor, SHUT_RDWR);
    int unsent = 0;
    if (::ioctl(descriptor, SIOCOUTQ, &unsent) != 0 || unsent == 0) return;
    const sockaddr nobody{.sa_family = AF_UNSPEC, .sa_data = {}};
    ::connect(descriptor, &nobody, sizeof nobody);
}

}  // namespace berth::net
