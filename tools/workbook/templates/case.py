

@case("{{code}}")
def {{name}}(loop, say):
    async def m():
        say("TODO")

    loop.run_until_complete(m())
