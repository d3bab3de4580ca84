# Fails when FILE has more than MOST bytes.
file(SIZE ${FILE} bytes)
if(bytes GREATER MOST)
    file(REMOVE ${FILE})
    message(FATAL_ERROR "${FILE} has ${bytes} bytes; the limit is ${MOST}")
endif()
