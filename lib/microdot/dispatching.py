"""How an extension stands around an application's dispatching of requests."""


def wrap_dispatch(app, wrapper):
    """Have requests of an application dispatched by a wrapper, and by earlier ones inside it.

    :param app: the application.
    :param wrapper: ``async wrapper(request, dispatch)``, which returns the response that
        ``await dispatch(request)`` has returned, or another. The request is ``None`` if it could
        not be parsed.
    """
    inner = app.__dict__.get('dispatch_request')

    async def dispatch(request):
        if inner:
            return await inner(request)
        # Found anew each time: the set-up page of a board replaces it in the class.
        return await type(app).dispatch_request(app, request)

    async def wrapped(request):
        return await wrapper(request, dispatch)

    app.dispatch_request = wrapped
